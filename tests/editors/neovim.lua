-- Run by `nvim --headless -u NONE -l`: opens files as a user would and prints what is there, a line each.

local folder = arg[1]
vim.opt.runtimepath:prepend(folder .. '/editors/neovim')
vim.cmd('filetype on')
vim.o.hidden = true
require('brrr').setup()

local function say(...)
  print(...)
end

local function wait(what, look)
  local found
  if not vim.wait(60000, function()
    found = look()
    return found
  end, 50) then
    say('IN VAIN: ' .. what)
    os.exit(1)
  end
  return found
end

local function lines_of(buffer)
  return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
end

local function view_of(stage)
  return wait('a view of ' .. stage, function()
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      local name = vim.api.nvim_buf_get_name(buffer)
      if name:find('brrr://', 1, true) and name:find('(' .. stage .. ')', 1, true) and #lines_of(buffer) > 3 then
        return buffer
      end
    end
  end)
end

local function marked(buffer)
  local found = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, vim.api.nvim_create_namespace('brrr'), 0, -1, {})) do
    table.insert(found, vim.trim(lines_of(buffer)[mark[2] + 1]))
  end
  return found
end

vim.cmd.edit('mistakes.py')
local diagnostics = wait('diagnostics', function()
  local all = vim.diagnostic.get(0)
  return #all >= 2 and all
end)
table.sort(diagnostics, function(one, other)
  return one.lnum < other.lnum
end)
for _, one in ipairs(diagnostics) do
  local line = lines_of(0)[one.lnum + 1]
  say(('diagnostic %s: %s'):format(one.code, line:sub(one.col + 1, one.end_col)))
end

vim.cmd.edit('kernels.py')
local hints = wait('hints', function()
  local all = vim.lsp.inlay_hint.get({ bufnr = 0 })
  return #all >= 5 and all
end)
for _, one in ipairs(hints) do
  local label = one.inlay_hint.label
  say(('hint %d%s'):format(one.inlay_hint.position.line + 1, type(label) == 'string' and label or label[1].value))
end
say('hints shown: ' .. tostring(vim.lsp.inlay_hint.is_enabled({ bufnr = 0 })))

local source = vim.api.nvim_get_current_buf()
vim.api.nvim_win_set_cursor(0, { 13, 8 })
vim.cmd('BrrrIr typed')
local view = view_of('typed')
say('typed: ' .. lines_of(view)[1])
say('filetype: ' .. vim.bo[view].filetype .. ', modifiable: ' .. tostring(vim.bo[view].modifiable))
say('marked: ' .. table.concat(marked(source), '; '))
say('marked in the view: ' .. table.concat(marked(view), '; '))

-- The other way: the cursor goes to `return result` in the view.
vim.api.nvim_set_current_win(vim.fn.bufwinid(view))
for at, line in ipairs(lines_of(view)) do
  if line:find('result: i64 = 0', 1, true) then
    vim.api.nvim_win_set_cursor(0, { at, 0 })
  end
end
vim.cmd('doautocmd CursorMoved')
say('marked from the view: ' .. table.concat(marked(source), '; '))
vim.cmd('wincmd p')

-- The view follows edits.
vim.api.nvim_set_current_win(vim.fn.bufwinid(source))
vim.api.nvim_buf_set_lines(source, 12, 13, false, { '        result += i * i & 4711' })
vim.cmd('doautocmd TextChanged')
wait('the edit in the view', function()
  return table.concat(lines_of(view), '\n'):find('4711', 1, true)
end)
say('edited')

vim.cmd('BrrrIr llvm-opt')
say('llvm-opt: ' .. (table.concat(lines_of(view_of('llvm-opt')), '\n'):match('define[^@]*@%w+_%w+') or 'nothing'))

-- Another signature.
local offered
vim.ui.select = function(items, _, choose)
  offered = items
  choose(items[1])
end
vim.cmd('BrrrSignature')
wait('signatures', function()
  return offered
end)
say('signatures: ' .. table.concat(offered, '; '))
wait('lenses', function()
  local lenses = vim.lsp.codelens.get(source)
  return #lenses > 0
end)
local titles = {}
for _, lens in ipairs(vim.lsp.codelens.get(source)) do
  if lens.range.start.line == 8 and lens.command then
    table.insert(titles, lens.command.title)
  end
end
table.sort(titles)
say('lenses: ' .. table.concat(titles, ', '))
for _, client in ipairs(vim.lsp.get_clients()) do
  client.stop()
end
say('done')
