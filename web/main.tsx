import { render } from 'preact'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shows.css'
import './styles/show.css'
import './styles/panel.css'
import './styles/list.css'
import './styles/tickets.css'
import { App } from './ui/App.tsx'

render(<App />, document.getElementById('app') as HTMLElement)
