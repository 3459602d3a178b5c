/** Where the window is found unless another port is asked for. */
export const DEFAULT_PORT = 4280;
