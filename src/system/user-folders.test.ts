import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { userFolders } from './user-folders.ts'

describe('userFolders', () => {
  it('follows XDG, and the customs of each system', () => {
    const home = '/home/amy'
    assert.deepEqual(userFolders({ env: {}, platform: 'linux', home }), {
      config: '/home/amy/.config/toolhive',
      state: '/home/amy/.local/state/toolhive',
      data: '/home/amy/.local/share/toolhive',
    })
    const env = { XDG_STATE_HOME: '/s', XDG_CONFIG_HOME: '' }
    assert.equal(userFolders({ env, platform: 'linux', home }).state, '/s/toolhive')
    assert.equal(userFolders({ env, platform: 'linux', home }).config, '/home/amy/.config/toolhive')
    const mac = userFolders({ env: {}, platform: 'darwin', home })
    assert.equal(mac.state, '/home/amy/Library/Application Support/toolhive')
    const windows = { env: { LOCALAPPDATA: '/c/local' }, platform: 'win32' as const, home }
    assert.equal(userFolders(windows).data, '/c/local/toolhive')
  })
})
