/** Where seats are drawn when nobody has said it: sections as blocks, side by side, facing a stage. */
import type { Coordinates, LayoutSection } from './places.ts'

export const DEFAULT_SEAT_SIZE = 8
const SEAT_PITCH = 10
const ROW_PITCH = 14
const GAP = 40
const STAGE_DEPTH = 60
/** Blocks are put side by side until a line is so much wider than all of them would be high. */
const ASPECT = 1.5

interface Block {
  section: LayoutSection
  first: number
  width: number
  height: number
}

function blockOf(section: LayoutSection, first: number): Block {
  const widest = section.rows.reduce((most, { seats }) => Math.max(most, seats), 0)
  return {
    ...{ section, first },
    width: widest * SEAT_PITCH,
    height: section.rows.length * ROW_PITCH,
  }
}

/** The blocks line by line, in the order of the layout. */
function linesOf(blocks: readonly Block[]): Block[][] {
  const area = blocks.reduce((sum, { width, height }) => sum + (width + GAP) * (height + GAP), 0)
  const widest = blocks.reduce((most, { width }) => Math.max(most, width), 0)
  const lineWidthMax = Math.max(widest, Math.sqrt(area * ASPECT))
  const lines: Block[][] = []
  let width = Number.POSITIVE_INFINITY
  for (const block of blocks) {
    const isFull = width + GAP + block.width > lineWidthMax
    if (isFull) lines.push([])
    width = isFull ? block.width : width + GAP + block.width
    lines.at(-1)?.push(block)
  }
  return lines
}

const widthOf = (line: readonly Block[]): number =>
  line.reduce((sum, { width }) => sum + width, (line.length - 1) * GAP)

/** Fills in the coordinates of every seat and answers the outline of the stage. */
export function placeByDefault(sections: readonly LayoutSection[], into: Coordinates): number[] {
  let first = 0
  const blocks = sections.map((section) => {
    const block = blockOf(section, first)
    first += section.rows.reduce((sum, { seats }) => sum + seats, 0)
    return block
  })
  const lines = linesOf(blocks)
  let y = 0
  for (const line of lines) {
    let x = -widthOf(line) / 2
    for (const block of line) {
      placeBlock(block, x, y, into)
      x += block.width + GAP
    }
    y += GAP + line.reduce((most, { height }) => Math.max(most, height), 0)
  }
  const half = Math.max(SEAT_PITCH * 6, widthOf(lines[0] ?? []) * 0.3)
  const front = -GAP
  const back = front - STAGE_DEPTH
  return [-half, back, half, back, half * 0.86, front, -half * 0.86, front]
}

function placeBlock(block: Block, left: number, top: number, { xs, ys }: Coordinates): void {
  let index = block.first
  for (const [r, { seats }] of block.section.rows.entries()) {
    const x = left + (block.width - seats * SEAT_PITCH) / 2 + SEAT_PITCH / 2
    for (let seat = 0; seat < seats; seat++, index++) {
      xs[index] = x + seat * SEAT_PITCH
      ys[index] = top + (r + 0.5) * ROW_PITCH
    }
  }
}
