export declare const ROOT: string
export declare function buildIfStale(): void
export declare function build(options: { strict: boolean }): void
export declare const INLINED: string[]
