import { defineConfig } from 'vite'

const SEAT_SERVICE = 'http://127.0.0.1:8080'

export default defineConfig({
  // The build leaves a note of what it was made from (scripts/bootstrap/page.mjs).
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // A data: address would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // For work on the page beside a running `npm start`.
  server: {
    proxy: { '/v1': { target: SEAT_SERVICE, ws: true } },
  },
})
