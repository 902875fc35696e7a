import { useCallback, type CSSProperties, type ReactElement } from 'react';

interface PictureProps {
  readonly blob: Blob;
  readonly alt: string;
  readonly className?: string;
  readonly style?: CSSProperties;
}

/** A picture out of memory; its address is given back when it leaves the screen. */
export function Picture({ blob, alt, className, style }: PictureProps): ReactElement {
  const show = useCallback((image: HTMLImageElement) => {
    const url = URL.createObjectURL(blob);
    image.src = url;
    return () => URL.revokeObjectURL(url);
  }, [blob]);
  return <img ref={show} alt={alt} className={className} style={style} />;
}
