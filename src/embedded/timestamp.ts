/** RFC 3339 in whole seconds, as metav1.Time. */
export function timestampOf(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}
