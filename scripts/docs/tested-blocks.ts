/** A fenced block of a page that its author marked as `tested`. */
export interface TestedBlock {
  /** `yaml`, `json` or `sh`: the first word after the fence. */
  language: string
  /** Line of the opening fence, from 1. */
  line: number
  text: string
}

/** The blocks of a Markdown page whose opening fence reads like ```` ```yaml tested ````. */
export function testedBlocks(markdown: string): TestedBlock[] {
  const blocks: TestedBlock[] = []
  let open: { fence: string; block: TestedBlock | undefined } | undefined
  markdown.split('\n').forEach((line, index) => {
    const fence = /^\s*(`{3,}|~{3,})(.*)$/.exec(line)
    if (open === undefined) {
      if (fence === null) return
      const [language = '', ...marks] = (fence[2] ?? '').trim().split(/\s+/)
      const tested = marks.includes('tested')
      open = {
        fence: fence[1] ?? '',
        block: tested ? { language, line: index + 1, text: '' } : undefined,
      }
    } else if (fence !== null && fence[1]?.startsWith(open.fence) === true && fence[2] === '') {
      if (open.block !== undefined) blocks.push(open.block)
      open = undefined
    } else if (open.block !== undefined) open.block.text += `${line}\n`
  })
  return blocks
}
