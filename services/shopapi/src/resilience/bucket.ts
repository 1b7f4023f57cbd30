/** Seconds that only grow. */
export type Clock = () => number;

export const monotonic: Clock = () => performance.now() / 1000;

/** A token bucket: `rate` tokens a second, at most `burst`; it starts full. */
export class TokenBucket {
  private tokens: number;
  private at: number;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    private readonly clock: Clock = monotonic
  ) {
    this.tokens = burst;
    this.at = clock();
  }

  /** Takes one token: 0, or the seconds until there is one. */
  take(): number {
    const now = this.clock();
    this.tokens = Math.min(this.burst, this.tokens + (now - this.at) * this.rate);
    this.at = now;
    if (this.tokens >= 1) {
      this.tokens -= 1;
      return 0;
    }
    return (1 - this.tokens) / this.rate;
  }
}

/**
 * A retry budget: each request earns a part of a retry, so that retries never exceed that part of all requests, however
 * long an upstream is ill. It starts empty and keeps at most `most` retries for later.
 */
export class RetryBudget {
  private hundredths = 0;

  /** `percent` of requests may be retries. Whole numbers, since fractions would add up to a retry too many. */
  constructor(
    private readonly percent: number,
    private readonly most = 20
  ) {}

  earn(): void {
    this.hundredths = Math.min(this.most * 100, this.hundredths + this.percent);
  }

  /** Whether a retry may be made; then it is paid for. */
  spend(): boolean {
    if (this.hundredths < 100) {
      return false;
    }
    this.hundredths -= 100;
    return true;
  }
}
