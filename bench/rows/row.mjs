// @ts-check
/**
 * A row of the bench: one question, answered side by side in one run.
 *
 * @typedef {object} Bench what a row is given
 * @property {boolean} quick
 * @property {(name: string) => string} folder makes an empty folder; all of them go at the very end
 * @property {(text: string) => void} say progress, for a person who waits
 *
 * @typedef {object} Measure one line of the table
 * @property {string} [group] measures of one group, which are next to each other, get a table of their own
 * @property {string} what
 * @property {string} unit
 * @property {number} forkpoint
 * @property {Record<string, number>} [peers] the same thing, by contender
 * @property {{ to: string, value: number }} [ratio] forkpoint's number by that of a peer, both of this run
 * @property {string} [reach] as the design words it
 * @property {boolean} [reached]
 * @property {string} [note]
 *
 * @typedef {object} Curve
 * @property {string} name
 * @property {[number, number][]} points
 *
 * @typedef {object} Chart
 * @property {string} file name of the SVG, without its ending
 * @property {string} title
 * @property {string} x
 * @property {string} y
 * @property {Curve[]} curves
 *
 * @typedef {object} Answer
 * @property {Measure[]} measures
 * @property {Chart[]} [charts]
 * @property {string[]} [notes]
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} about
 * @property {(bench: Bench) => Promise<Answer>} run
 */

/**
 * A measure that has to stay within `most` times a peer's number.
 *
 * @param {Omit<Measure, 'ratio' | 'reach' | 'reached'>} measure
 * @param {{ to: string, most: number, text?: string }} goal
 * @returns {Measure}
 */
export function atMost(measure, { to, most, text = `≤ ${most}× ${to}` }) {
  const value = measure.forkpoint / (measure.peers?.[to] ?? Number.NaN)
  return { ...measure, ratio: { to, value }, reach: text, reached: value <= most }
}

/**
 * A measure that has to stay within a number.
 *
 * @param {Omit<Measure, 'reach' | 'reached'>} measure
 * @param {number} most
 * @returns {Measure}
 */
export const within = (measure, most) => ({
  ...measure,
  reach: `≤ ${most.toLocaleString('en-US')}${measure.unit === '' ? '' : ` ${measure.unit}`}`,
  reached: measure.forkpoint <= most,
})
