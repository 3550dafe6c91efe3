-- brrr in Neovim 0.10 or later: put this file into a folder `lua` of 'runtimepath', as in ~/.config/nvim/lua/brrr.lua, and
-- `require('brrr').setup()` into init.lua.
--
-- :BrrrIr [stage]     the function under the cursor, beside its source, with the lines that belong together marked on both sides
-- :BrrrSignature      choose the types that the function is shown for
-- :BrrrBench [args]   run a benchmark of the function in a terminal

local M = {}

local STAGES = { 'typed', 'llvm', 'llvm-opt', 'asm' }
local FILETYPES = { typed = 'brrr', llvm = 'llvm', ['llvm-opt'] = 'llvm', asm = 'asm' }
local marks = vim.api.nvim_create_namespace('brrr')

--- What each buffer that shows a stage shows: { source, stage, position, text }.
local views = {}

local function warn(message)
  vim.notify('brrr: ' .. message, vim.log.levels.WARN)
end

local function is_program(path)
  return vim.fn.executable(path) == 1
end

--- The program of the active environment, of .venv in the project, or of PATH.
local function program(name, root)
  local folders = { vim.env.VIRTUAL_ENV, root and root .. '/.venv' }
  for _, folder in pairs(folders) do
    local path = folder .. '/bin/' .. name
    if is_program(path) then
      return path
    end
  end
  return is_program(name) and name or nil
end

local function client_of(buffer)
  return vim.lsp.get_clients({ name = 'brrr', bufnr = buffer })[1]
end

local function place(buffer, client)
  local window = vim.fn.bufwinid(buffer)
  local params = vim.lsp.util.make_position_params(window, client.offset_encoding)
  return { uri = params.textDocument.uri, position = params.position }
end

--- The runs of lines, from 0, that belong to a line of the source or, with `back`, the lines that belong to one of the text.
local function runs(text, line, back)
  local found = {}
  for _, run in ipairs(text.mapping) do
    local first, last = run.irLines[1], run.irLines[2]
    if back and first <= line and line <= last then
      table.insert(found, { run.line, run.line })
    elseif not back and run.line == line then
      table.insert(found, { first, last })
    end
  end
  return found
end

local function mark(buffer, found)
  vim.api.nvim_buf_clear_namespace(buffer, marks, 0, -1)
  local count = vim.api.nvim_buf_line_count(buffer)
  for _, run in ipairs(found) do
    for line = run[1], math.min(run[2], count - 1) do
      vim.api.nvim_buf_set_extmark(buffer, marks, line, 0, { line_hl_group = 'Visual' })
    end
  end
end

--- Shows the longest run in the windows of a buffer.
local function reveal(buffer, found)
  local best
  for _, run in ipairs(found) do
    if not best or run[2] - run[1] > best[2] - best[1] then
      best = run
    end
  end
  for _, window in ipairs(best and vim.fn.win_findbuf(buffer) or {}) do
    if best[1] < vim.api.nvim_buf_line_count(buffer) then
      vim.api.nvim_win_set_cursor(window, { best[1] + 1, 0 })
    end
  end
end

--- The cursor has moved in a buffer: marks what belongs to its line, on both sides.
local function follow(buffer)
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local own = views[buffer]
  if own then
    local lines = runs(own.text, line, true)
    mark(own.source, lines)
    reveal(own.source, lines)
    local all = {}
    for _, one in ipairs(lines) do
      vim.list_extend(all, runs(own.text, one[1], false))
    end
    mark(buffer, all)
    return
  end
  for view, shown in pairs(views) do
    if shown.source == buffer then
      local found = runs(shown.text, line, false)
      mark(view, found)
      reveal(view, found)
      mark(buffer, #found > 0 and { { line, line } } or {})
    end
  end
end

local function fill(view, text)
  views[view].text = text
  vim.bo[view].modifiable = true
  vim.api.nvim_buf_set_lines(view, 0, -1, false, vim.split(text.text:gsub('\n$', ''), '\n'))
  vim.bo[view].modifiable = false
end

--- Asks the server for the text of a view again; keeps what there is if there is none.
local function renew(view)
  local shown = views[view]
  local client = shown and client_of(shown.source)
  if not client then
    return
  end
  local argument = { uri = vim.uri_from_bufnr(shown.source), position = shown.position, stage = shown.stage }
  local params = { command = 'brrr.showIr', arguments = { argument } }
  client.request('workspace/executeCommand', params, function(_, text)
    if text and views[view] and vim.api.nvim_buf_is_valid(view) and text['function'] == shown.text['function'] then
      fill(view, text)
    end
  end, shown.source)
end

--- The buffer that shows a text; a new one beside the source, if there is none.
local function show(text, source, position)
  local name = ('brrr://%s (%s)'):format(text['function'], text.stage)
  local view = vim.fn.bufnr(vim.fn.fnameescape(name))
  if view == -1 then
    view = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(view, name)
    vim.bo[view].bufhidden = 'wipe'
    vim.bo[view].filetype = FILETYPES[text.stage]
    vim.api.nvim_create_autocmd('CursorMoved', {
      buffer = view,
      callback = function()
        follow(view)
      end,
    })
    vim.api.nvim_create_autocmd('BufWipeout', {
      buffer = view,
      callback = function()
        views[view] = nil
        if vim.api.nvim_buf_is_valid(source) then
          mark(source, {})
        end
      end,
    })
  end
  views[view] = { source = source, stage = text.stage, position = position, text = text }
  fill(view, text)
  if vim.fn.bufwinid(view) == -1 then
    local window = vim.api.nvim_get_current_win()
    vim.cmd('vertical sbuffer ' .. view)
    vim.wo.number = false
    vim.api.nvim_set_current_win(window)
  end
  if vim.api.nvim_get_current_buf() == source then
    follow(source)
  end
end

--- Shows the function at a place; `argument` is what the server's command takes.
local function show_ir(client, argument, buffer)
  local params = { command = 'brrr.showIr', arguments = { argument } }
  client.request('workspace/executeCommand', params, function(failure, text)
    if failure then
      warn(failure.message)
    elseif text then
      show(text, buffer, argument.position)
    end
  end, buffer)
end

local function choose_signature(client, argument, buffer)
  local params = { textDocument = { uri = argument.uri }, position = argument.position, stage = 'typed' }
  client.request('brrr/ir', params, function(failure, text)
    if failure then
      return warn(failure.message)
    end
    vim.ui.select(text.signatures, { prompt = 'Show the function for which types?' }, function(signature)
      if not signature then
        return
      end
      local choice = { uri = argument.uri, position = argument.position, signature = signature }
      local command = { command = 'brrr.chooseSignature', arguments = { choice } }
      client.request('workspace/executeCommand', command, function(refusal)
        if refusal then
          warn(refusal.message)
        end
        for view in pairs(views) do
          renew(view)
        end
      end, buffer)
    end)
  end, buffer)
end

local function bench(argument, buffer, args)
  local root = vim.fs.root(buffer, { 'pyproject.toml', '.git', '.venv' })
  local path = program('brrr', root)
  if not path then
    return warn('the command `brrr` was not found; install brrr into the environment')
  end
  local file = vim.uri_to_fname(argument.uri)
  vim.cmd('botright 12new')
  vim.fn.termopen({ path, 'bench', file .. '::' .. argument['function'], '--args', args })
end

--- Asks for the arguments of a benchmark, unless they are given.
local function ask_bench(argument, buffer, args)
  if args and args ~= '' then
    return bench(argument, buffer, args)
  end
  vim.ui.input({ prompt = 'Arguments of ' .. argument['function'] .. ': ', default = '(1000,)' }, function(text)
    if text then
      bench(argument, buffer, text)
    end
  end)
end

local function with_client(run)
  return function(command)
    local buffer = vim.api.nvim_get_current_buf()
    local client = client_of(buffer)
    if not client then
      return warn('the language server does not serve this buffer')
    end
    run(client, place(buffer, client), buffer, command.args)
  end
end

local function attach(client, buffer)
  local group = vim.api.nvim_create_augroup('brrr.' .. buffer, {})
  local command = function(name, run, options)
    vim.api.nvim_buf_create_user_command(buffer, name, with_client(run), options)
  end
  command('BrrrIr', function(one, argument, of, stage)
    argument.stage = stage ~= '' and stage or 'llvm-opt'
    if not vim.tbl_contains(STAGES, argument.stage) then
      return warn(('there is no stage `%s`; there are %s'):format(argument.stage, table.concat(STAGES, ', ')))
    end
    show_ir(one, argument, of)
  end, {
    nargs = '?',
    complete = function()
      return STAGES
    end,
    desc = 'Show the function under the cursor at a stage of the compiler',
  })
  command('BrrrSignature', choose_signature, { desc = 'Choose the types that the function is shown for' })
  command('BrrrBench', function(one, argument, of, args)
    one.request('brrr/functions', { textDocument = { uri = argument.uri } }, function(_, functions)
      for _, found in ipairs(functions or {}) do
        if found.range.start.line <= argument.position.line and argument.position.line <= found.range['end'].line then
          argument['function'] = found.name
        end
      end
      if not argument['function'] then
        return warn('there is no brrr function here')
      end
      ask_bench(argument, of, args)
    end, of)
  end, { nargs = '?', desc = 'Run a benchmark of the function under the cursor' })
  if client.supports_method('textDocument/inlayHint') then
    vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
  end
  vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave', 'TextChanged' }, {
    group = group,
    buffer = buffer,
    callback = function()
      vim.lsp.codelens.refresh({ bufnr = buffer })
      for view, shown in pairs(views) do
        if shown.source == buffer then
          renew(view)
        end
      end
    end,
  })
  vim.api.nvim_create_autocmd('CursorMoved', {
    group = group,
    buffer = buffer,
    callback = function()
      follow(buffer)
    end,
  })
  vim.lsp.codelens.refresh({ bufnr = buffer })
end

--- What the lenses do: `vim.lsp.codelens.run()` runs the one of the line.
local commands = {
  ['brrr.showIr'] = function(command, context)
    show_ir(vim.lsp.get_client_by_id(context.client_id), command.arguments[1], context.bufnr)
  end,
  ['brrr.chooseSignature'] = function(command, context)
    choose_signature(vim.lsp.get_client_by_id(context.client_id), command.arguments[1], context.bufnr)
  end,
  ['brrr.runBenchmark'] = function(command, context)
    ask_bench(command.arguments[1], context.bufnr)
  end,
}

--- Starts the server for Python files.
---
--- @param options { cmd: string[]?, settings: table? }? the command, if it is not that of the environment, and settings as in
--- `{ inlayHints = { enable = false } }`
function M.setup(options)
  options = options or {}
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('brrr', {}),
    pattern = 'python',
    callback = function(event)
      local root = vim.fs.root(event.buf, { 'pyproject.toml', '.git', '.venv' })
      local path = program('brrr-lsp', root)
      if not options.cmd and not path then
        return vim.notify_once('brrr: `brrr-lsp` was not found; install brrr into the environment', vim.log.levels.WARN)
      end
      vim.lsp.start({
        name = 'brrr',
        cmd = options.cmd or { path },
        root_dir = root,
        settings = { brrr = options.settings or vim.empty_dict() },
        init_options = { commands = { 'brrr.runBenchmark' } },
        commands = commands,
        on_attach = attach,
      }, { bufnr = event.buf })
    end,
  })
end

return M
