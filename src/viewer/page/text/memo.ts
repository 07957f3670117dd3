/** Makes components that are drawn again only if a property changes. */
import { Component, type ComponentChild, type FunctionComponent } from 'preact'

export function memo<P extends object>(draw: (props: P) => ComponentChild): FunctionComponent<P> {
  class Remembered extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const [before, after] = [this.props as Record<string, unknown>, next as Record<string, unknown>]
      return Object.keys({ ...before, ...after }).some((key) => !Object.is(before[key], after[key]))
    }

    override render(): ComponentChild {
      return draw(this.props as P)
    }
  }
  return Remembered as unknown as FunctionComponent<P>
}
