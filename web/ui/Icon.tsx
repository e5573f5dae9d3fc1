const PATHS = {
  back: 'M15 5l-7 7 7 7',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  map: 'M5 19c0-8 3-12 7-12s7 4 7 12M9 19c0-5 1-8 3-8s3 3 3 8',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  close: 'M6 6l12 12M18 6L6 18',
  up: 'M5 15l7-7 7 7',
  down: 'M5 9l7 7 7-7',
} as const

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** Three rows in front of a stage, and the seat that is yours. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path class="rows" d="M4 14c6 5 18 5 24 0M4 20c6 5 18 5 24 0M4 26c6 5 18 5 24 0" />
      <rect class="seat" x="12" y="3.5" width="8" height="8" rx="2" />
    </svg>
  )
}
