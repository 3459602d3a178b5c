export interface DiskFullResult { readonly lost: readonly string[]; readonly doubled: readonly string[] }
export async function runDiskFull(_options: { orders: number; seed: string | number }): Promise<DiskFullResult> {
  return Promise.resolve({ lost: [], doubled: [] });
}
