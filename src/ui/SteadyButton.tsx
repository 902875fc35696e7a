import { Button, type ButtonProps } from '@mantine/core';
import type { MouseEvent, ReactElement, ReactNode } from 'react';

interface SteadyButtonProps extends Omit<ButtonProps, 'disabled' | 'loading'> {
  /** Cannot be pressed now. */
  readonly off: boolean;
  readonly id?: string;
  readonly 'aria-label'?: string;
  readonly onClick: (event: MouseEvent) => void;
  readonly children: ReactNode;
}

/** A button that keeps the focus while it cannot be pressed: one that is disabled loses it, and with it a person's place on the page. */
export function SteadyButton({ off, onClick, ...props }: SteadyButtonProps): ReactElement {
  return <Button {...props} data-disabled={off || undefined} aria-disabled={off} onClick={(event) => !off && onClick(event)} />;
}
