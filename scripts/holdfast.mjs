#!/usr/bin/env node
/** The command `holdfast`: `holdfast dlq <command>`, `holdfast ops <command>`. */
import { enableTypeScript } from './typescript.mjs'

await enableTypeScript()
await import('../operator/main.ts')
