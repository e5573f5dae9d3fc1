/** Writes a report into a folder of its own, named after the moment it was begun. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../systems/stage.ts'
import { htmlOf } from './html.ts'
import { markdownOf } from './markdown.ts'
import type { Report } from './model.ts'

/** `2026-05-17-103000` of `2026-05-17T10:30:00.000Z`. */
const folderNameOf = (startedAt: string): string =>
  startedAt.slice(0, 19).replace('T', '-').replaceAll(':', '')

/** Writes report.json, report.md and report.html, and answers the folder. */
export function writeReport(report: Report, parent = join(ROOT, 'loadtest/results')): string {
  const dir = join(parent, folderNameOf(report.startedAt))
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(dir, 'report.md'), markdownOf(report))
  writeFileSync(join(dir, 'report.html'), htmlOf(report))
  return dir
}
