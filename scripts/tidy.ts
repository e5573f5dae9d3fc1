/** The tidy test, part of `npm run check`: prints what is untidy and exits with 1 when anything is. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PAYLOAD_VERSION, TOPICS } from '../contracts/topics.ts'
import {
  type Finding,
  findEnvironmentReads,
  findLongFiles,
  findLongFunctions,
  findMissingSamples,
  findShellWrappedScripts,
  findUnboundScripts,
} from './tidy/rules.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CODE = /\.(tsx?|mjs|cjs)$/

/** Tracked files and new ones that git does not ignore. */
function listFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const list = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  return [...new Set(list.split('\0').filter(Boolean))].sort()
}

function readSource(path: string): { path: string; text: string } | null {
  try {
    return { path, text: readFileSync(join(ROOT, path), 'utf8') }
  } catch (error) {
    // Listed by git and deleted since.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const paths = listFiles()
const sources = paths
  .filter((path) => CODE.test(path) || path.endsWith('.lua'))
  .flatMap((path) => readSource(path) ?? [])
const code = sources.filter(({ path }) => CODE.test(path))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const findings: Finding[] = [
  ...findLongFiles(sources),
  ...code.flatMap(findLongFunctions),
  ...code.flatMap(findEnvironmentReads),
  ...findUnboundScripts(sources),
  ...findShellWrappedScripts(scripts),
  ...findMissingSamples({ topics: TOPICS, version: PAYLOAD_VERSION, paths }),
]
for (const { path, line, problem } of findings) console.log(`${path}:${line} ${problem}`)
if (findings.length > 0) process.exitCode = 1
