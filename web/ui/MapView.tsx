import { useEffect, useRef, useState } from 'preact/hooks'
import { exposeCamera, noteDrawing } from '../app/diagnostics.ts'
import type { House } from '../app/house.ts'
import { type Language, useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { readPalette } from '../map/colours.ts'
import { levelOf, type Scene, type View } from '../map/scene.ts'
import { SeatMapCanvas } from '../map/seatMapCanvas.ts'
import { Icon } from './Icon.tsx'
import { SeatTip } from './SeatTip.tsx'

const prefers = (what: string) => matchMedia(`(prefers-${what})`)

/** What the map draws that is no business of the house. */
interface Looks {
  language: Language
  zone: number | null
}

function mountMap(
  house: House,
  canvas: HTMLCanvasElement,
  looks: { current: Looks },
  on: {
    hover: (index: number | null) => void
    move: (view: View) => void
  },
) {
  const darkness = prefers('color-scheme: dark')
  let palette = readPalette(canvas)
  const font = getComputedStyle(canvas).fontFamily
  const scene = (): Scene => ({
    ...{ plan: house.plan, census: house.census, palette, font, looks: house.looks },
    zone: looks.current.zone,
    stageLabel: looks.current.language.words.show.stage,
    numberFormat: looks.current.language.format.number,
    isKnown: house.isKnown,
    stateAt: (index) => house.watch.map.stateAt(index),
  })
  const press = (index: number) => {
    if (house.canBuy) house.desk.press(index)
  }
  const map = new SeatMapCanvas(canvas, {
    plan: house.plan,
    scene,
    isMotionReduced: () => prefers('reduced-motion: reduce').matches,
    events: { press, ...on, drawn: noteDrawing },
  })
  const stopSeats = house.onSeats((changes) => map.touch(changes))
  const recolour = () => {
    palette = readPalette(canvas)
    map.repaint()
  }
  darkness.addEventListener('change', recolour)
  const close = () => {
    darkness.removeEventListener('change', recolour)
    stopSeats()
    map.close()
  }
  return { map, close }
}

export function MapView({ house, zone }: { house: House; zone: number | null }) {
  const language = useLanguage()
  const { words } = language
  const canvas = useRef<HTMLCanvasElement>(null)
  const looks = useRef<Looks>({ language, zone })
  looks.current = { language, zone }
  const [map, setMap] = useState<SeatMapCanvas | null>(null)
  const [hovered, setHovered] = useState<number | null>(null)
  const [view, setView] = useState<View | null>(null)
  const liveness = useStore(house.liveness)
  useEffect(() => {
    const mounted = mountMap(house, canvas.current as HTMLCanvasElement, looks, {
      hover: setHovered,
      move: (moved) => {
        setHovered(null)
        setView(moved)
      },
    })
    setMap(mounted.map)
    setView(mounted.map.camera.view)
    exposeCamera(mounted.map.camera)
    return () => {
      exposeCamera(null)
      mounted.close()
    }
  }, [house])
  useEffect(() => map?.repaint(), [map, language, zone, liveness])
  const level = view ? levelOf(view, house.plan) : 'sections'
  return (
    <div class={`map ${liveness === 'live' ? '' : 'stale'}`} data-level={level}>
      <canvas ref={canvas} role="img" aria-label={words.show.mapLabel(house.show.name)} />
      {map && view && hovered !== null && (
        <SeatTip house={house} index={hovered} view={view} key={hovered} />
      )}
      {liveness === 'opening' ? (
        <p class="hint">{words.connection.connecting}</p>
      ) : (
        level === 'sections' && <p class="hint">{words.show.mapHint}</p>
      )}
      <div class="zoom">
        <ZoomButton icon="plus" label={words.show.zoomIn} press={() => map?.camera.zoomIn()} />
        <ZoomButton icon="minus" label={words.show.zoomOut} press={() => map?.camera.zoomOut()} />
        <ZoomButton icon="fit" label={words.show.zoomFit} press={() => map?.camera.fit()} />
      </div>
    </div>
  )
}

function ZoomButton(of: { icon: 'plus' | 'minus' | 'fit'; label: string; press: () => void }) {
  return (
    <button type="button" aria-label={of.label} title={of.label} onClick={of.press}>
      <Icon name={of.icon} />
    </button>
  )
}
