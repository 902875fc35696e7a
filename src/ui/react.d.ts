import 'react';

declare module 'react' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- a merged interface repeats the parameters
  interface InputHTMLAttributes<T> {
    /** Present: the file dialog chooses a folder. */
    webkitdirectory?: '';
  }
}
