/** Builds `dist` once before the tests, for those that run what a user runs. */
import { buildIfStale, ROOT } from '../../scripts/build.mjs'

export { ROOT }
export default buildIfStale
