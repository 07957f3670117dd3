/** Where a message is, to link to it and to request all of it. */
export interface Place {
  session: string
  /** The checkpoint to which the number of the message refers. */
  tip: string
  /** The revision in the address of the page. */
  at: string
  exact: boolean
}
