/** Where seats are drawn when nobody has said it: sections as blocks, side by side, facing a stage. */
import type { Coordinates, LayoutSection } from './places.ts'

export const DEFAULT_SEAT_SIZE = 8
const SEAT_PITCH = 10
const ROW_PITCH = 14
/** Between blocks, and how deep the stage is, by the size of the house: a small one stands close. */
const GAP = { share: 0.12, min: 16, max: 40 }
const STAGE_DEPTH = { share: 0.2, min: 24, max: 60 }
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

/** A length that grows with the house: its blocks put together would be a square of this edge. */
function scaled(blocks: readonly Block[], { share, min, max }: typeof GAP): number {
  const edge = Math.sqrt(blocks.reduce((sum, { width, height }) => sum + width * height, 0))
  return Math.min(max, Math.max(min, edge * share))
}

/** The blocks line by line, in the order of the layout. */
function linesOf(blocks: readonly Block[], gap: number): Block[][] {
  const area = blocks.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0)
  const widest = blocks.reduce((most, { width }) => Math.max(most, width), 0)
  const lineWidthMax = Math.max(widest, Math.sqrt(area * ASPECT))
  const lines: Block[][] = []
  let width = Number.POSITIVE_INFINITY
  for (const block of blocks) {
    const isFull = width + gap + block.width > lineWidthMax
    if (isFull) lines.push([])
    width = isFull ? block.width : width + gap + block.width
    lines.at(-1)?.push(block)
  }
  return lines
}

const widthOf = (line: readonly Block[], gap: number): number =>
  line.reduce((sum, { width }) => sum + width, (line.length - 1) * gap)

/** Fills in the coordinates of every seat and answers the outline of the stage. */
export function placeByDefault(sections: readonly LayoutSection[], into: Coordinates): number[] {
  let first = 0
  const blocks = sections.map((section) => {
    const block = blockOf(section, first)
    first += section.rows.reduce((sum, { seats }) => sum + seats, 0)
    return block
  })
  const gap = scaled(blocks, GAP)
  const lines = linesOf(blocks, gap)
  let y = 0
  for (const line of lines) {
    let x = -widthOf(line, gap) / 2
    for (const block of line) {
      placeBlock(block, x, y, into)
      x += block.width + gap
    }
    y += gap + line.reduce((most, { height }) => Math.max(most, height), 0)
  }
  const half = Math.max(SEAT_PITCH * 6, widthOf(lines[0] ?? [], gap) * 0.3)
  const front = -gap
  const back = front - scaled(blocks, STAGE_DEPTH)
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
