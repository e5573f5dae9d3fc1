import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { claim, prepare, release, trimLogs, type Workspace, workspaceOf } from './workspace.ts'

let root: string
let workspace: Workspace

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  workspace = workspaceOf(root)
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const log = (name: string): string => join(workspace.logDir, name)

it('belongs to one process at a time', () => {
  expect(claim(workspace)).toBeNull()
  expect(claim(workspace)?.pid).toBe(process.pid)
  release(workspace)
  expect(claim(workspace)).toBeNull()
})

it('can be taken over from a process that has gone, or whose mark is broken', () => {
  mkdirSync(workspace.dir)
  const gone = { name: 'supervisor', pid: process.pid, startTime: '1', bootId: 'another boot' }
  for (const mark of [JSON.stringify(gone), '', '{']) {
    writeFileSync(workspace.ownerFile, mark)
    expect(claim(workspace)).toBeNull()
    release(workspace)
  }
})

it('puts the logs of the last run aside', () => {
  prepare(workspace)
  writeFileSync(log('payment.log'), 'first run')
  prepare(workspace)
  expect(readdirSync(workspace.logDir)).toEqual(['payment.log.1'])
  expect(readFileSync(log('payment.log.1'), 'utf8')).toBe('first run')
})

it('keeps a log that has grown too large as one earlier part', () => {
  prepare(workspace)
  writeFileSync(log('payment.log'), 'a long story')
  writeFileSync(log('ticket.log'), 'short')
  trimLogs(workspace, 10)
  expect(readFileSync(log('payment.log'), 'utf8')).toBe('')
  expect(readFileSync(log('payment.log.1'), 'utf8')).toBe('a long story')
  expect(readFileSync(log('ticket.log'), 'utf8')).toBe('short')
})
