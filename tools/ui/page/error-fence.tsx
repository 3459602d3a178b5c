import { Component, type ComponentChildren } from 'preact';

interface Props {
  readonly children: ComponentChildren;
}

interface State {
  readonly problem: string | null;
}

/** A view that fails says so in its own place; the others stay. */
export class ErrorFence extends Component<Props, State> {
  override state: State = { problem: null };

  static override getDerivedStateFromError(error: unknown): State {
    return { problem: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render({ children }: Props) {
    if (this.state.problem === null) return children;
    return (
      <div class="failed" role="alert">
        <p>{`This part of the page failed: ${this.state.problem}`}</p>
        <button type="button" onClick={() => this.setState({ problem: null })}>Try again</button>
      </div>
    );
  }
}
