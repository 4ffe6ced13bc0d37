import { dirname, join } from 'node:path/posix'

/** A link of a page to a file of the repository that is not there. */
export interface DeadLink {
  page: string
  line: number
  target: string
}

/** The relative links of a Markdown page whose file does not exist; anchors and addresses are not followed. */
export function deadLinks(
  page: string,
  markdown: string,
  exists: (path: string) => boolean,
): DeadLink[] {
  return markdown.split('\n').flatMap((text, index) =>
    [...text.matchAll(/\]\(([^()\s]+)\)/g)]
      .map(([, link = '']) => link.replace(/#.*$/, ''))
      .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
      .map((link) => join(dirname(page), link))
      .filter((target) => !exists(target))
      .map((target) => ({ page, line: index + 1, target })),
  )
}
