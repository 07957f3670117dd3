/** Opens an address in the user's browser. */
import { spawn } from 'node:child_process'

/** Does not report failures, since the address is printed in any case. */
export function openBrowser(
  address: string,
  { BROWSER }: Readonly<Record<string, string | undefined>>,
): void {
  const [program, ...args] =
    BROWSER !== undefined && BROWSER !== ''
      ? [BROWSER, address]
      : process.platform === 'darwin'
        ? ['open', address]
        : process.platform === 'win32'
          ? ['rundll32', 'url.dll,FileProtocolHandler', address]
          : ['xdg-open', address]
  spawn(program!, args, { detached: true, stdio: 'ignore' })
    .on('error', () => undefined)
    .unref()
}
