// @ts-check
/** Growth curves as an SVG that reads on light and dark pages: both axes logarithmic, one line a contender. */
import { number } from './table.mjs'

const WIDTH = 760
const HEIGHT = 440
const AREA = { left: 72, right: WIDTH - 170, top: 48, bottom: HEIGHT - 52 }
/** Colours of Okabe and Ito, which most people can tell apart. */
const COLOURS = ['#0072b2', '#56b4e9', '#999999', '#e69f00', '#d55e00', '#009e73', '#cc79a7']

/** @param {import('../rows/row.mjs').Chart} chart */
export function drawChart({ title, x, y, curves }) {
  const drawn = curves.filter(({ points }) => points.length > 1)
  const points = drawn.flatMap((curve) => curve.points)
  const across = scale(
    points.map(([at]) => at),
    AREA.left,
    AREA.right,
  )
  const up = scale(
    points.map(([, value]) => value),
    AREA.bottom,
    AREA.top,
  )
  const unit = y === 'bytes' ? 'bytes' : ''
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff"/>`,
    `<text x="${AREA.left}" y="26" font-size="15" font-weight="600" fill="#222222">${title}</text>`,
    ...ticks(across).map((at) => gridLine(across.at(at), AREA.top, across.at(at), AREA.bottom)),
    ...ticks(across).map((at) =>
      label(across.at(at), AREA.bottom + 18, at.toLocaleString('en-US'), 'middle'),
    ),
    ...ticks(up).map((value) => gridLine(AREA.left, up.at(value), AREA.right, up.at(value))),
    ...ticks(up).map((value) =>
      label(
        AREA.left - 8,
        up.at(value) + 4,
        unit === 'bytes' ? plain(number(value, unit)) : `${value} ${y}`,
        'end',
      ),
    ),
    label((AREA.left + AREA.right) / 2, HEIGHT - 14, x, 'middle'),
    ...drawn.map(({ points: line }, index) => path(line, across, up, colour(index), index === 0 ? 3 : 1.8)),
    ...names(drawn, across, up),
    '</svg>',
  ].join('\n')}\n`
}

/**
 * A logarithmic scale from one end of an axis to the other.
 *
 * @param {readonly number[]} values @param {number} from @param {number} to
 */
function scale(values, from, to) {
  const low = Math.log10(Math.min(...values))
  const high = Math.log10(Math.max(...values))
  const span = high - low || 1
  return {
    low,
    high,
    at: (/** @type {number} */ value) => from + ((Math.log10(value) - low) / span) * (to - from),
  }
}

/** @typedef {ReturnType<typeof scale>} Scale */

/** Powers of ten, and what stands between them where they are few. @param {Scale} of */
function ticks({ low, high }) {
  const steps = high - low < 2.2 ? [1, 2, 5] : [1]
  const all = []
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of steps) {
      const value = Number(`${step}e${power}`)
      if (Math.log10(value) >= low - 1e-9 && Math.log10(value) <= high + 1e-9) all.push(value)
    }
  }
  return all
}

/** @param {readonly [number, number][]} points @param {Scale} across @param {Scale} up @param {string} stroke @param {number} width */
function path(points, across, up, stroke, width) {
  const line = points.map(([at, value]) => `${across.at(at).toFixed(1)},${up.at(value).toFixed(1)}`).join(' ')
  return `<polyline points="${line}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"/>`
}

/** Names at the right, at the height where their line ends, none over another. @param {readonly import('../rows/row.mjs').Curve[]} curves @param {Scale} across @param {Scale} up */
function names(curves, across, up) {
  const ends = curves.map(({ name, points }, index) => {
    const [at, value] = /** @type {[number, number]} */ (points.at(-1))
    return { name, index, x: across.at(at), y: up.at(value), text: up.at(value) }
  })
  const sorted = [...ends].sort((a, b) => a.y - b.y)
  for (const [index, end] of sorted.entries()) end.text = Math.max(end.y, (sorted[index - 1]?.text ?? 0) + 16)
  const over = (sorted.at(-1)?.text ?? 0) - AREA.bottom
  if (over > 0) for (const end of sorted) end.text -= over
  return ends.flatMap(({ name, index, x, y, text }) => [
    `<path d="M${(x + 2).toFixed(1)},${y.toFixed(1)} L${AREA.right + 12},${text.toFixed(1)}" stroke="${colour(index)}" stroke-width="0.8" stroke-dasharray="2 2" fill="none"/>`,
    `<text x="${AREA.right + 16}" y="${(text + 4).toFixed(1)}" fill="${colour(index)}" font-weight="${index === 0 ? 700 : 400}">${name}</text>`,
  ])
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
const gridLine = (x1, y1, x2, y2) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#e3e3e3"/>`

/** @param {number} x @param {number} y @param {string} text @param {string} anchor */
const label = (x, y, text, anchor) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#555555">${text}</text>`

/** @param {number} index */
const colour = (index) => COLOURS[index % COLOURS.length] ?? '#000000'

/** @param {string} text */
const plain = (text) => text.replace(/\.0+(?= )/, '')
