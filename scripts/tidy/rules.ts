/**
 * What the tidy test asks of every file. Each rule takes texts and answers findings; reading the
 * repository is tidy.ts's business, so the rules themselves can be tested.
 */
import ts from 'typescript'

export interface SourceText {
  /** Relative to the root, with forward slashes. */
  path: string
  text: string
}

export interface Finding {
  path: string
  /** From 1. */
  line: number
  problem: string
}

export const FUNCTION_LINES_MAX = 70
export const FILE_LINES_MAX = 400

const lineCount = (text: string): number => text.replace(/\n$/, '').split('\n').length

export function findLongFiles(sources: readonly SourceText[]): Finding[] {
  return sources
    .filter(({ text }) => lineCount(text) > FILE_LINES_MAX)
    .map(({ path, text }) => ({
      path,
      line: FILE_LINES_MAX + 1,
      problem: `the file has ${lineCount(text)} lines; at most ${FILE_LINES_MAX}`,
    }))
}

/** The function that groups tests is a heading, not a piece of logic. */
const isTestGroup = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText())

const nameOf = (node: ts.SignatureDeclaration): string => {
  if (node.name) return node.name.getText()
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'a function'
}

const hasBody = (node: ts.Node): node is ts.FunctionLikeDeclaration =>
  ts.isFunctionLike(node) && 'body' in node && node.body !== undefined

/** Functions of TypeScript or JavaScript that do not fit a screen. */
export function findLongFunctions({ path, text }: SourceText): Finding[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const findings: Finding[] = []
  const visit = (node: ts.Node): void => {
    if (hasBody(node) && !isTestGroup(node)) {
      const first = file.getLineAndCharacterOfPosition(node.getStart()).line
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line
      const lines = last - first + 1
      if (lines > FUNCTION_LINES_MAX) {
        const problem = `${nameOf(node)} has ${lines} lines; at most ${FUNCTION_LINES_MAX}`
        findings.push({ path, line: first + 1, problem })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return findings
}

/** Who may read the environment: entries, config loaders, plain Node scripts, tests and helpers. */
const READS_ENVIRONMENT =
  /(^|\/)(main|config)\.ts$|\.config\.ts$|\.mjs$|\.test\.ts$|^test\/|(^|\/)(testing|sample)\/|\/testkit/

/** Reads of process.env where configuration should have been handed in. */
export function findEnvironmentReads({ path, text }: SourceText): Finding[] {
  if (READS_ENVIRONMENT.test(path)) return []
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const findings: Finding[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'process.env') {
      const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1
      findings.push({ path, line, problem: 'only main.ts and config loaders read process.env' })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return findings
}

const BINDING = /\bdefine(?:Script|Batch)\b[^(]*\(\{\s*name: '(\w+)'/g

/** Every lua/scripts/<name>.lua has exactly one binding, and every binding its script. */
export function findUnboundScripts(sources: readonly SourceText[]): Finding[] {
  const scripts = sources.filter(({ path }) => /^lua\/scripts\/\w+\.lua$/.test(path))
  const bindings = sources
    .filter(({ path }) => /^lua\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(BINDING)].map((match) => ({
        path,
        name: match[1] as string,
        line: lineCount(text.slice(0, match.index)),
      })),
    )
  const scriptName = (path: string): string => path.replace(/^.*\/|\.lua$/g, '')
  const names = new Set(scripts.map(({ path }) => scriptName(path)))
  const miscounted = scripts.flatMap(({ path }) => {
    const count = bindings.filter(({ name }) => name === scriptName(path)).length
    const problem = `the script has ${count} bindings; exactly one is right`
    return count === 1 ? [] : [{ path, line: 1, problem }]
  })
  const dangling = bindings
    .filter(({ name }) => !names.has(name))
    .map(({ path, line, name }) => ({ path, line, problem: `lua/scripts/${name}.lua is missing` }))
  return [...miscounted, ...dangling]
}

/** Every topic has a golden sample of its current version. */
export function findMissingSamples(options: {
  topics: readonly string[]
  version: number
  paths: readonly string[]
}): Finding[] {
  const { topics, version, paths } = options
  return topics
    .map((topic) => `contracts/samples/${topic}.v${version}.json`)
    .filter((path) => !paths.includes(path))
    .map((path) => ({ path, line: 1, problem: 'the golden sample of the topic is missing' }))
}

/**
 * npm sends a signal to the shell of a script, and a shell that waits for its program keeps it to
 * itself. `exec` puts the program in the shell's place, so that ending npm ends what it started.
 */
export function findShellWrappedScripts(scripts: Readonly<Record<string, string>>): Finding[] {
  return Object.entries(scripts)
    .filter(([name, command]) => !/^(pre|post)/.test(name) && !command.startsWith('exec '))
    .map(([name]) => ({
      path: 'package.json',
      line: 1,
      problem: `the script ${name} must begin with "exec", or signals to npm will not reach it`,
    }))
}
