/**
 * The set of worlds that were found, in the order of their finding, with the world each was found
 * from. A world is a row of a few integers; all rows lie in one typed array, so that ten million
 * worlds fit in a few hundred megabytes.
 */

const ROWS_AT_FIRST = 1 << 15

export class StateTable {
  size = 0
  private readonly width: number
  private rows: Int32Array<ArrayBuffer>
  private parents = new Int32Array(ROWS_AT_FIRST)
  /** Open addressing: index + 1 of a row, or 0. Never more than half full. */
  private slots = new Int32Array(ROWS_AT_FIRST * 2)

  constructor(options: { width: number }) {
    this.width = options.width
    this.rows = new Int32Array(ROWS_AT_FIRST * options.width)
  }

  rowAt(index: number): Int32Array {
    return this.rows.subarray(index * this.width, (index + 1) * this.width)
  }

  /** Index of the world that the one at `index` was found from; -1 for the first. */
  parentOf(index: number): number {
    return this.parents[index] as number
  }

  /** Adds a row unless it is known. */
  add(row: Int32Array, parent: number): void {
    const mask = this.slots.length - 1
    let slot = hashOf(row, 0, this.width) & mask
    for (let found = this.slots[slot] as number; found !== 0; found = this.slots[slot] as number) {
      if (this.isAt(found - 1, row)) return
      slot = (slot + 1) & mask
    }
    const index = this.size
    this.rows.set(row, index * this.width)
    this.parents[index] = parent
    this.size = index + 1
    this.slots[slot] = this.size
    if (this.size * 2 === this.slots.length) this.grow()
  }

  isAt(index: number, row: Int32Array): boolean {
    const start = index * this.width
    for (let at = 0; at < this.width; at += 1) {
      if (this.rows[start + at] !== row[at]) return false
    }
    return true
  }

  private grow(): void {
    this.rows = doubled(this.rows)
    this.parents = doubled(this.parents)
    this.slots = new Int32Array(this.slots.length * 2)
    const mask = this.slots.length - 1
    for (let index = 0; index < this.size; index += 1) {
      let slot = hashOf(this.rows, index * this.width, this.width) & mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask
      this.slots[slot] = index + 1
    }
  }
}

function doubled(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2)
  to.set(from)
  return to
}

/** Mixes a row well enough for open addressing (rounds and finaliser of MurmurHash3). */
function hashOf(values: Int32Array, start: number, length: number): number {
  let hash = length
  for (let at = start; at < start + length; at += 1) {
    let value = Math.imul(values[at] as number, 0xcc9e2d51)
    value = (value << 15) | (value >>> 17)
    hash ^= Math.imul(value, 0x1b873593)
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
