import { render } from 'preact'
import { App } from './shell/app.tsx'
import { setTheme, themeNow } from './shell/theme.ts'

setTheme(themeNow())
render(<App />, document.getElementById('app')!)
