/** report.md: the same sections as in report.html, without the charts. */
import { briefText, cellText } from './format.ts'
import type { Report, Table } from './model.ts'
import { heroesOf, sectionsOf } from './sections.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`

function tableLines({ title, columns, rows }: Table): string[] {
  return [
    `### ${title}`,
    '',
    row(columns),
    row(columns.map((_, at) => (at === 0 ? '---' : '---:'))),
    ...rows.map((cells) => row(columns.map((_, at) => cellText(cells[at] ?? null)))),
    '',
  ]
}

export function markdownOf(report: Report): string {
  const { ok, failures, command, startedAt, finishedAt } = report
  const lines = [
    '# Holdfast and the synchronous chain',
    '',
    `\`${command}\`, ${startedAt} to ${finishedAt}`,
    '',
    ok ? '**Every run was audited and nothing was wrong.**' : '**FAILED**',
    ...failures.map(
      ({ scenario, system, words }) => `- ${scenario}, ${system ?? 'all'}: ${briefText(words)}`,
    ),
    '',
    ...heroesOf(report).map(({ figure, words }) => `- **${figure}** ${words}`),
    '',
  ]
  for (const { title, words, tables } of sectionsOf(report)) {
    lines.push(
      `## ${title}`,
      '',
      ...words.flatMap((one) => [one, '']),
      ...tables.flatMap(tableLines),
    )
  }
  return `${lines.join('\n').trimEnd()}\n`
}
