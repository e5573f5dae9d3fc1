/** Charts as SVG. Colours and fonts come from the page's style sheet (report/style.ts). */
import type { BarChart, Chart, LineChart, StackChart } from './chart.ts'
import { escapeHtml, numberText } from './format.ts'
import { niceMax, type Scale, scaleOf } from './scale.ts'

const WIDTH = 720
const LABEL_WIDTH = 110
const VALUE_WIDTH = 70
const BAR_HEIGHT = 18
const BAR_GAP = 6
const GROUP_GAP = 22
const AXIS_HEIGHT = 24
const PLOT_HEIGHT = 260
const SERIES_COLOURS = 10
/** About the width of a letter in the size that labels have. */
const LETTER_WIDTH = 6.6

const colour = (at: number): string => `s${(at % SERIES_COLOURS) + 1}`
const px = (value: number): string => (Math.round(value * 10) / 10).toString()

export function chartSvg(chart: Chart): string {
  switch (chart.kind) {
    case 'bars':
      return barsSvg(chart)
    case 'stack':
      return stackSvg(chart)
    case 'lines':
      return linesSvg(chart)
    default:
      return unreachable(chart)
  }
}

function svg(title: string, height: number, body: readonly string[]): string {
  const name = escapeHtml(title)
  return (
    `<svg viewBox="0 0 ${WIDTH} ${px(height)}" role="img" aria-label="${name}">` +
    `<title>${name}</title>${body.join('')}</svg>`
  )
}

const text = (x: number, y: number, words: string, attributes = ''): string =>
  `<text x="${px(x)}" y="${px(y)}" ${attributes}>${escapeHtml(words)}</text>`

const line = (x1: number, y1: number, x2: number, y2: number, name: string): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="${name}"/>`

const bar = (x: number, y: number, width: number, name: string): string =>
  `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${BAR_HEIGHT}" rx="3" class="${name}"/>`

const legend = (
  names: readonly string[],
  classes: readonly string[] = names.map((_, at) => colour(at)),
) =>
  `<ul class="legend">${names
    .map((name, at) => `<li><i class="${classes[at]}"></i>${escapeHtml(name)}</li>`)
    .join('')}</ul>`

function barsSvg(chart: BarChart): string {
  const { groups, series } = chart
  const greatest = Math.max(
    0,
    ...series.flatMap(({ values }) => values.map((one) => one?.max ?? 0)),
  )
  const x = scaleOf({
    from: 0,
    until: niceMax(greatest),
    pixels: [LABEL_WIDTH, WIDTH - VALUE_WIDTH],
  })
  const body: string[] = []
  let y = 4
  for (const [at, group] of groups.entries()) {
    if (groups.length > 1) body.push(text(0, y + 12, group, 'class="group"'))
    if (groups.length > 1) y += BAR_GAP + 12
    for (const [which, { name, values }] of series.entries()) {
      const value = values[at]
      body.push(text(LABEL_WIDTH - 8, y + 13, name, 'class="label" text-anchor="end"'))
      if (value) {
        body.push(bar(x.at(0), y, x.at(value.median) - x.at(0), colour(which)))
        if (value.max > value.min) body.push(whisker(x, y, value))
        body.push(text(x.at(value.max) + 8, y + 13, numberText(value.median), 'class="value"'))
      }
      y += BAR_HEIGHT + BAR_GAP
    }
    y += GROUP_GAP - BAR_GAP
  }
  return svg(`${chart.title}, ${chart.unit}`, y - GROUP_GAP + BAR_GAP, body)
}

function whisker(x: Scale, y: number, { min, max }: { min: number; max: number }): string {
  const middle = y + BAR_HEIGHT / 2
  return (
    line(x.at(min), middle, x.at(max), middle, 'range') +
    line(x.at(min), middle - 4, x.at(min), middle + 4, 'range') +
    line(x.at(max), middle - 4, x.at(max), middle + 4, 'range')
  )
}

function stackSvg(chart: StackChart): string {
  const { rows, segments } = chart
  const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const greatest = Math.max(0, ...rows.map(({ values }) => sumOf(values)))
  const x = scaleOf({
    from: 0,
    until: niceMax(greatest),
    pixels: [LABEL_WIDTH, WIDTH - VALUE_WIDTH],
  })
  const body: string[] = []
  for (const [at, { name, values }] of rows.entries()) {
    const y = 4 + at * (BAR_HEIGHT + 2 * BAR_GAP)
    body.push(text(LABEL_WIDTH - 8, y + 13, name, 'class="label" text-anchor="end"'))
    let before = 0
    for (const [segment, value] of values.entries()) {
      const width = x.at(before + value) - x.at(before)
      if (width > 0.5) body.push(bar(x.at(before), y, width - 1, colour(segment)))
      before += value
    }
    body.push(text(x.at(before) + 8, y + 13, numberText(before), 'class="value"'))
  }
  const height = 4 + rows.length * (BAR_HEIGHT + 2 * BAR_GAP)
  return svg(`${chart.title}, ${chart.unit}`, height, body) + legend(segments)
}

function linesSvg(chart: LineChart): string {
  const points = chart.series.flatMap((series) => series.points)
  const xs = points.map(([x]) => x)
  const ys = points.map(([, y]) => y).filter((y) => !chart.isYLog || y > 0)
  if (xs.length === 0 || ys.length === 0) return svg(chart.title, 20, [text(0, 14, 'no points')])
  const plot = { left: 64, right: WIDTH - 16, top: 20, bottom: 20 + PLOT_HEIGHT }
  const x = scaleOf({
    from: Math.min(...xs),
    until: Math.max(...xs),
    pixels: [plot.left, plot.right],
    ...(chart.isXLog && { isLog: true }),
    ticksMax: 10,
  })
  const y = scaleOf({
    from: chart.isYLog ? 10 ** Math.floor(Math.log10(Math.min(...ys))) : 0,
    until: chart.isYLog ? 10 ** Math.ceil(Math.log10(Math.max(...ys))) : niceMax(Math.max(...ys)),
    pixels: [plot.bottom, plot.top],
    ...(chart.isYLog && { isLog: true }),
  })
  const classes = chart.series.map(({ isBad }, at) => (isBad ? 'bad' : colour(at)))
  const body = [
    ...spansOf(chart, x, plot),
    ...y.ticks.map((tick) => line(plot.left, y.at(tick), plot.right, y.at(tick), 'grid')),
    ...y.ticks.map((tick) =>
      text(plot.left - 8, y.at(tick) + 4, numberText(tick), 'class="tick" text-anchor="end"'),
    ),
    ...x.ticks.map((tick) =>
      text(x.at(tick), plot.bottom + 18, numberText(tick), 'class="tick" text-anchor="middle"'),
    ),
    ...chart.series.map(({ points: own }, at) =>
      pathOf(own, { x, y, name: classes[at] ?? '', isYLog: chart.isYLog ?? false }),
    ),
    text(plot.left, 10, chart.yLabel, 'class="tick"'),
    text(
      plot.right,
      plot.bottom + 18 + AXIS_HEIGHT - 8,
      chart.xLabel,
      'class="tick" text-anchor="end"',
    ),
  ]
  const names = chart.series.map(({ name }) => name)
  return (
    svg(chart.title, plot.bottom + 18 + AXIS_HEIGHT, body) +
    (names.length > 1 ? legend(names, classes) : '')
  )
}

function pathOf(
  points: LineChart['series'][number]['points'],
  options: { x: Scale; y: Scale; name: string; isYLog: boolean },
): string {
  const { x, y, name, isYLog } = options
  const shown = points.filter(([, value]) => !isYLog || value > 0)
  const steps = shown.map(
    ([px0, py0], at) => `${at === 0 ? 'M' : 'L'}${px(x.at(px0))} ${px(y.at(py0))}`,
  )
  return `<path d="${steps.join('')}" class="line ${name}"/>`
}

function spansOf(
  { spans = [] }: LineChart,
  x: Scale,
  plot: { top: number; bottom: number },
): string[] {
  return spans.flatMap(({ name, from, until }) => {
    const width = x.at(until) - x.at(from)
    const isWide = width > name.length * LETTER_WIDTH
    return [
      line(x.at(from), plot.top, x.at(from), plot.bottom, 'edge'),
      `<rect x="${px(x.at(from))}" y="${plot.top}" width="${px(width)}" height="${plot.bottom - plot.top}" class="span"/>`,
      ...(isWide ? [text(x.at(from) + 6, plot.top + 14, name, 'class="tick"')] : []),
    ]
  })
}

function unreachable(chart: never): never {
  throw new TypeError(`unknown chart ${JSON.stringify(chart)}`)
}
