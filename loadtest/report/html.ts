/** report.html: one file that needs nothing else. */
import type { Chart } from './chart.ts'
import { briefText, cellText, escapeHtml } from './format.ts'
import type { Report, Table } from './model.ts'
import { heroesOf, type Section, sectionsOf } from './sections.ts'
import { STYLE } from './style.ts'
import { chartSvg } from './svg.ts'

/** Longer tables are folded: they are for looking things up. */
const ROWS_OPEN_MAX = 24

function tableHtml({ title, columns, rows }: Table): string {
  const cells = (tag: string, list: readonly string[]): string =>
    `<tr>${list.map((one) => `<${tag}${bad(one)}>${escapeHtml(one)}</${tag}>`).join('')}</tr>`
  const head = cells('th', columns)
  const body = rows.map((row) =>
    cells(
      'td',
      columns.map((_, at) => cellText(row[at] ?? null)),
    ),
  )
  const table = `<div class="scroll"><table><thead>${head}</thead><tbody>${body.join('')}</tbody></table></div>`
  if (rows.length > ROWS_OPEN_MAX) {
    return `<details><summary>${escapeHtml(title)}</summary>${table}</details>`
  }
  return `<h3>${escapeHtml(title)}</h3>${table}`
}

const bad = (text: string): string => (text.startsWith('FAILED') ? ' class="bad"' : '')

function chartHtml(chart: Chart): string {
  const unit = chart.kind === 'lines' ? '' : ` <span>${escapeHtml(chart.unit)}</span>`
  return `<figure><figcaption>${escapeHtml(chart.title)}${unit}</figcaption>${chartSvg(chart)}</figure>`
}

function sectionHtml({ title, words, charts, tables }: Section): string {
  const heading = title.charAt(0).toUpperCase() + title.slice(1)
  return [
    `<section><h2>${escapeHtml(heading)}</h2>`,
    ...words.map((one) => `<p class="soft">${escapeHtml(one)}</p>`),
    ...charts.map(chartHtml),
    ...tables.map(tableHtml),
    '</section>',
  ].join('')
}

function failuresHtml({ failures }: Report): string {
  if (failures.length === 0) return ''
  const items = failures.map(
    ({ scenario, system, words }) =>
      `<li><b>${escapeHtml(scenario)}, ${system ?? 'all systems'}</b>: ${escapeHtml(briefText(words))}</li>`,
  )
  return `<div class="failures"><b>These figures are not to be trusted:</b><ul>${items.join('')}</ul></div>`
}

/** `2026-05-17 10:30` of an RFC 3339 time. */
const timeText = (time: string): string => time.slice(0, 16).replace('T', ' ')

export function htmlOf(report: Report): string {
  const { ok, command, startedAt, finishedAt, machine } = report
  const heroes = heroesOf(report).map(
    ({ figure, words }) =>
      `<div class="hero"><b>${escapeHtml(figure)}</b><span>${escapeHtml(words)}</span></div>`,
  )
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Holdfast and the synchronous chain</title><style>${STYLE}</style></head><body><main>`,
    '<h1>Holdfast and the synchronous chain</h1>',
    `<p class="soft"><code>${escapeHtml(command)}</code><br>${timeText(startedAt)} to ${timeText(finishedAt)} UTC, `,
    `${machine.cores} cores of ${escapeHtml(machine.cpu)}, all processes on one machine</p>`,
    `<span class="verdict${ok ? '' : ' bad'}">`,
    ok ? 'every run was audited, nothing was wrong' : 'failed',
    `</span>${failuresHtml(report)}${heroes.length > 0 ? `<div class="heroes">${heroes.join('')}</div>` : ''}`,
    ...sectionsOf(report).map(sectionHtml),
    '</main></body></html>\n',
  ].join('')
}
