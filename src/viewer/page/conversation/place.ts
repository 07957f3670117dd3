/** Where a message stands, to link to it and to ask for all of it. */
export interface Place {
  session: string
  /** The checkpoint at which the number of the message counts. */
  tip: string
  /** What the address of the page says. */
  at: string
  exact: boolean
}
