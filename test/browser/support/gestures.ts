/**
 * Hands on the map, as scripts for the page: one event per frame, so that every frame has to be
 * drawn. They answer the times between frames, in milliseconds.
 */

/** A frame begins when the page is told of it; a gesture lasts this many. */
const FRAMES = 40

const script = (handOf: string): string => `(async () => {
  const canvas = document.querySelector('canvas')
  const { left, top, width, height } = canvas.getBoundingClientRect()
  const [x, y] = [left + width / 2, top + height / 2]
  const say = (target, Kind, type, init) =>
    target.dispatchEvent(new Kind(type, { bubbles: true, cancelable: true, view: window, ...init }))
  const hand = ${handOf}
  hand.begin?.()
  const times = []
  let last = await new Promise(requestAnimationFrame)
  for (let frame = 0; frame < ${FRAMES}; frame++) {
    hand.move(frame)
    const now = await new Promise(requestAnimationFrame)
    times.push(now - last)
    last = now
  }
  hand.end?.()
  return times
})()`

/** Drags the map to and fro. */
export const PAN = script(`{
  at: (frame) => ({ clientX: x + 120 * Math.sin(frame / 6), clientY: y + 60 * Math.sin(frame / 9) }),
  begin() { say(canvas, MouseEvent, 'mousedown', { button: 0, ...this.at(0) }) },
  move(frame) { say(window, MouseEvent, 'mousemove', this.at(frame)) },
  end() { say(window, MouseEvent, 'mouseup', this.at(0)) },
}`)

/** Turns the wheel to and fro, by so much that the level of detail stays about the same. */
export const ZOOM = script(`{
  move(frame) {
    const deltaY = (Math.floor(frame / 10) % 2 ? 1 : -1) * 14
    say(canvas, WheelEvent, 'wheel', { clientX: x, clientY: y, deltaY })
  },
}`)

/** How many frames a second those times are. */
export const framesPerS = (timesMs: readonly number[]): number =>
  1_000 / (timesMs.reduce((sum, time) => sum + time, 0) / timesMs.length)
