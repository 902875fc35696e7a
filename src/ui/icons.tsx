import type { ReactElement, ReactNode } from 'react';

function Icon({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export const EyeIcon = (): ReactElement => (
  <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M2 16C8 6 24 6 30 16 24 26 8 26 2 16Z" fill="var(--sb-right)" />
    <circle cx="16" cy="16" r="6" fill="var(--sb-panel)" />
    <circle cx="16" cy="16" r="3" fill="var(--sb-wrong)" />
  </svg>
);
export const ChevronIcon = (): ReactElement => <Icon><path d="M4 6l4 4 4-4" /></Icon>;
export const CloseIcon = (): ReactElement => <Icon><path d="M4 4l8 8M12 4l-8 8" /></Icon>;
export const HelpIcon = (): ReactElement => <Icon><path d="M6 6a2 2 0 1 1 3 1.7c-.7.4-1 .8-1 1.6M8 11.8v.1" /><circle cx="8" cy="8" r="6.5" /></Icon>;
export const SunIcon = (): ReactElement => <Icon><circle cx="8" cy="8" r="3" /><path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" /></Icon>;
export const MoonIcon = (): ReactElement => <Icon><path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z" /></Icon>;
export const SystemIcon = (): ReactElement => <Icon><circle cx="8" cy="8" r="6" /><path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" /></Icon>;
export const InfoIcon = (): ReactElement => <Icon><circle cx="8" cy="8" r="6.5" /><path d="M8 7.2v4M8 4.8v.1" /></Icon>;
export const WarnIcon = (): ReactElement => <Icon><path d="M8 2l6.5 11.5h-13ZM8 6.5v3M8 11.6v.1" /></Icon>;
