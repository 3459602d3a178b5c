/**
 * Values by token, in the order they were set. Most hold one, which then costs no map: an actor that is watched by its parent
 * alone is the rule.
 */
export class TokenMap<V> {
  private token = 0;
  private value: V | undefined = undefined;
  private more: Map<number, V> | null = null;

  set(token: number, value: V): void {
    if (this.value === undefined && this.more === null) {
      this.token = token;
      this.value = value;
    } else {
      (this.more ??= new Map()).set(token, value);
    }
  }

  get(token: number): V | undefined {
    return this.value !== undefined && this.token === token ? this.value : this.more?.get(token);
  }

  delete(token: number): void {
    if (this.value !== undefined && this.token === token) {
      this.value = undefined;
    } else if (this.more !== null) {
      this.more.delete(token);
      if (this.more.size === 0) this.more = null;
    }
  }

  values(): V[] {
    const values = this.value === undefined ? [] : [this.value];
    return this.more === null ? values : [...values, ...this.more.values()];
  }

  forEach(visit: (value: V, token: number) => void): void {
    if (this.value !== undefined) visit(this.value, this.token);
    this.more?.forEach(visit);
  }
}
