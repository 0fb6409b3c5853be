/**
 * Payloads of single packets in recordings of real clusters, as `tshark -T fields -e tcp.payload` prints them.
 *
 * addCredit: frame 765 of `1.20.3-off`, from
 * TaskManager to TaskManager; jrmpStream: frame 409 of `1.20.3-prom`, a stock JMX client.
 */
export const FRAMES = {
  addCredit: '0000001dbadc0ffe060000000175cbc6e65468b23c7bae6ccefa8259f5',
  jrmpStream: '4a524d4900024b',
} as const;
