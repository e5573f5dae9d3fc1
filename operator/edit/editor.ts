/** The operator's own editor, on a file of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandFailed } from '../cli/failure.ts'

/**
 * Opens a text in the editor and answers what was saved.
 *
 * @param editor a command line, as $EDITOR has it; the file's name is put behind it
 * @throws CommandFailed when the editor cannot be run or ends with an error
 */
export async function editText(editor: string, name: string, text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const file = join(folder, name)
  try {
    writeFileSync(file, text, { mode: 0o600 })
    const status = await new Promise<number | null>((resolve, reject) => {
      // $EDITOR may carry arguments (`code --wait`), which are the shell's to take apart.
      const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'edit', file], { stdio: 'inherit' })
      child.on('error', reject)
      child.on('exit', resolve)
    })
    if (status !== 0) throw new CommandFailed(`the editor "${editor}" ended with ${status}`)
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
