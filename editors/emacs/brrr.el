;;; brrr.el --- What brrr's compiler says about Python functions -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT OR Apache-2.0
;; Package-Requires: ((emacs "29.1"))

;;; Commentary:

;; Put this file into a folder of `load-path', and into your init file:
;;
;;   (require 'brrr)
;;   (add-hook 'python-base-mode-hook #'eglot-ensure)
;;
;; Eglot runs one server for a buffer.  `brrr-lsp' says nothing outside of brrr functions and offers no completions, so for a project that
;; wants another server too, start that one by Eglot, and let Flymake ask brrr: M-x brrr-flymake-mode.
;;
;;   M-x brrr-ir          the function at point beside its source, with the lines that belong together marked on both sides; it follows edits
;;   M-x brrr-signature   choose the types that the function is shown for
;;   M-x brrr-bench       run a benchmark of the function at point

;;; Code:

(require 'eglot)
(require 'flymake)
(require 'json)
(require 'seq)

(defgroup brrr nil
  "What brrr's compiler says about Python functions."
  :group 'tools
  :prefix "brrr-")

(defcustom brrr-server '("brrr-lsp")
  "The command that starts the language server."
  :type '(repeat string))

(defcustom brrr-program "brrr"
  "The command `brrr'."
  :type 'string)

(defcustom brrr-live-delay 0.3
  "Seconds without an edit after which the text beside a source is made anew.
If nil, that is left to `brrr-ir'."
  :type '(choice number (const :tag "never" nil)))

(defface brrr-line '((t :inherit highlight))
  "The lines that belong to the line at point.")

(defconst brrr-stages '("typed" "llvm" "llvm-opt" "asm")
  "The stages of the compiler.")

(add-to-list 'eglot-server-programs
             `((python-mode python-ts-mode) . ,(lambda (&rest _) brrr-server)))

;;; IR

(defvar-local brrr--text nil "What the server has answered, in a buffer that shows it.")
(defvar-local brrr--source nil "The buffer whose function is shown.")
(defvar-local brrr--place nil "Where in its source the function stands that is shown.")
(defvar-local brrr--stage nil "The stage that is shown.")
(defvar-local brrr--timer nil "When the texts beside this buffer are made anew.")
(defvar-local brrr--views nil "The buffers that show functions of this one.")
(defvar-local brrr--overlays nil "The marks of this buffer.")

(defun brrr--server ()
  "The server of this buffer."
  (or (eglot-current-server)
      (user-error "The language server does not serve this buffer")))

(defun brrr--command (command &rest more)
  "What the server answers to COMMAND about point, with MORE in its argument."
  (jsonrpc-request (brrr--server) :workspace/executeCommand
                   (list :command command
                         :arguments (vector (append (list :uri (brrr--uri) :position (eglot--pos-to-lsp-position)) more)))))

(defun brrr--uri ()
  "The name of this buffer's document."
  (plist-get (eglot--TextDocumentIdentifier) :uri))

(defun brrr--mark (buffer runs)
  "Mark RUNS of lines, from 0, in BUFFER."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (mapc #'delete-overlay brrr--overlays)
      (setq brrr--overlays
            (mapcar (lambda (run)
                      (save-excursion
                        (goto-char (point-min))
                        (forward-line (car run))
                        (let ((start (point)))
                          (forward-line (- (1+ (cdr run)) (car run)))
                          (let ((overlay (make-overlay start (point))))
                            (overlay-put overlay 'face 'brrr-line)
                            overlay))))
                    runs))
      (when-let ((run (car (seq-sort-by (lambda (run) (- (car run) (cdr run))) #'< runs)))
                 (window (get-buffer-window buffer)))
        (unless (eq window (selected-window))
          (with-selected-window window
            (goto-char (point-min))
            (forward-line (car run))))))))

(defun brrr--runs (text line back)
  "The runs of TEXT that belong to LINE of the source.
With BACK, the lines of the source that belong to LINE of TEXT."
  (let (runs)
    (seq-doseq (entry (plist-get text :mapping))
      (let* ((of (plist-get entry :line))
             (lines (plist-get entry :irLines))
             (first (elt lines 0))
             (last (elt lines 1)))
        (cond ((and back (<= first line last)) (push (cons of of) runs))
              ((and (not back) (= of line)) (push (cons first last) runs)))))
    (nreverse runs)))

(defun brrr--follow ()
  "Mark what belongs to the line at point, on both sides."
  (let ((line (1- (line-number-at-pos nil t))))
    (cond
     (brrr--text
      (let ((lines (brrr--runs brrr--text line t)))
        (brrr--mark brrr--source lines)
        (brrr--mark (current-buffer)
                    (seq-mapcat (lambda (run) (brrr--runs brrr--text (car run) nil)) lines))))
     (brrr--views
      (setq brrr--views (seq-filter #'buffer-live-p brrr--views))
      (let (marked)
        (dolist (view brrr--views)
          (let ((runs (brrr--runs (buffer-local-value 'brrr--text view) line nil)))
            (setq marked (or marked runs))
            (brrr--mark view runs)))
        (brrr--mark (current-buffer) (and marked (list (cons line line)))))))))

(define-derived-mode brrr-ir-mode special-mode "brrr-IR"
  "A function at a stage of the compiler."
  (setq-local truncate-lines t)
  (setq-local font-lock-defaults '(brrr-ir-font-lock))
  (add-hook 'post-command-hook #'brrr--follow nil t))

(defconst brrr-ir-font-lock
  '(("^[[:space:]]*[;#].*$\\|  #.*$" . 'font-lock-comment-face)
    ("^\\([[:alnum:]._]+\\):" 1 'font-lock-constant-face)
    ("\\_<\\(?:fn\\|define\\|declare\\|if\\|then\\|else\\|jump\\|return\\|ret\\|br\\|call\\|exit\\|leave\\)\\_>" . 'font-lock-keyword-face)
    ("\\_<\\(?:[iuf][0-9]+\\|bool\\|ptr\\|double\\|float\\|void\\)\\_>" . 'font-lock-type-face)
    ("[%@][[:alnum:]._]+" . 'font-lock-variable-name-face)
    ("^\t\\([a-z][a-z0-9.]*\\)" 1 'font-lock-builtin-face))
  "Colours of the texts.")

(defun brrr--fill (view source text)
  "Show TEXT, what the server says about a function of SOURCE, in VIEW."
  (with-current-buffer view
    (let ((inhibit-read-only t)
          (line (line-number-at-pos nil t)))
      (erase-buffer)
      (insert (plist-get text :text))
      (goto-char (point-min))
      (forward-line (1- line)))
    (setq brrr--text text
          brrr--source source
          brrr--overlays nil
          header-line-format nil)))

(defun brrr--edited (&rest _)
  "Have the texts beside this buffer made anew, once nobody types."
  (when (and brrr-live-delay brrr--views)
    (when (timerp brrr--timer)
      (cancel-timer brrr--timer))
    (setq brrr--timer (run-with-idle-timer brrr-live-delay nil #'brrr--renew (current-buffer)))))

(defun brrr--renew (source)
  "Make the texts anew that are shown beside SOURCE."
  (when-let ((server (and (buffer-live-p source)
                          (with-current-buffer source (eglot-current-server)))))
    (with-current-buffer source
      (eglot--signal-textDocument/didChange)
      (dolist (view (seq-filter (lambda (view) (get-buffer-window view t)) brrr--views))
        (let ((place (buffer-local-value 'brrr--place view))
              (stage (buffer-local-value 'brrr--stage view)))
          (jsonrpc-async-request
           server :workspace/executeCommand
           (list :command "brrr.showIr"
                 :arguments (vector (list :uri (brrr--uri) :position (eglot--pos-to-lsp-position place) :stage stage)))
           :success-fn (lambda (text)
                         (when (and (buffer-live-p view) (buffer-live-p source))
                           (brrr--fill view source text)
                           (with-current-buffer source (brrr--follow))))
           :error-fn (lambda (_)
                       (when (buffer-live-p view)
                         (with-current-buffer view
                           (setq header-line-format "as of the last version that compiled"))))))))))

;;;###autoload
(defun brrr-ir (&optional stage)
  "Show the function at point at STAGE of the compiler, beside its source.
With a prefix argument ask for the stage; it is optimised LLVM IR else."
  (interactive (list (and current-prefix-arg (completing-read "Stage: " brrr-stages nil t))))
  (let* ((source (current-buffer))
         (stage (or stage "llvm-opt"))
         (text (brrr--command "brrr.showIr" :stage stage))
         (place (point-marker))
         (view (get-buffer-create (format "*brrr: %s (%s)*" (plist-get text :function) stage))))
    (with-current-buffer view
      (brrr-ir-mode)
      (setq brrr--place place
            brrr--stage stage))
    (brrr--fill view source text)
    (cl-pushnew view brrr--views)
    (add-hook 'after-change-functions #'brrr--edited nil t)
    (add-hook 'post-command-hook #'brrr--follow nil t)
    (display-buffer view '((display-buffer-reuse-window display-buffer-in-direction) (direction . right)))
    (brrr--follow)
    view))

;;;###autoload
(defun brrr-signature (signature)
  "Show the function at point for SIGNATURE.
It is one of those that there are, or the types of the parameters."
  (interactive
   (list (completing-read "Show the function for which types? "
                          (append (plist-get (brrr--command "brrr.showIr" :stage "typed") :signatures) nil))))
  (brrr--command "brrr.chooseSignature" :signature signature))

;;;###autoload
(defun brrr-bench (name arguments)
  "Run a benchmark of the function called NAME with ARGUMENTS, a tuple."
  (interactive
   (let ((name (or (plist-get (brrr--command "brrr.showIr" :stage "typed") :function) "")))
     (list name (read-string (format "Arguments of %s: " name) "(1000,)"))))
  (save-buffer)
  (compile (mapconcat #'shell-quote-argument
                      (list brrr-program "bench" (concat (buffer-file-name) "::" name) "--args" arguments) " ")))

;;; Beside another server

(defun brrr--diagnostic (buffer one)
  "ONE of what `brrr check' says about BUFFER, for Flymake."
  (let* ((start (plist-get one :start))
         (end (plist-get one :end))
         (place (lambda (of)
                  (goto-char (point-min))
                  (forward-line (1- (plist-get of :line)))
                  (min (point-max) (+ (point) (1- (plist-get of :column)))))))
    (save-excursion
      (flymake-make-diagnostic buffer (funcall place start) (funcall place end)
                               (if (equal (plist-get one :severity) "error") :error :warning)
                               (format "%s [%s]" (plist-get one :message) (plist-get one :code))))))

(defvar-local brrr--process nil "The check that runs.")

(defun brrr-flymake (report &rest _)
  "Check the text of this buffer by `brrr check' and call REPORT.
This is a backend of Flymake."
  (when (process-live-p brrr--process)
    (kill-process brrr--process))
  (let* ((source (current-buffer))
         (output (generate-new-buffer " *brrr check*"))
         (finish
          (lambda (process _)
            (unless (process-live-p process)
              (unwind-protect
                  (when (and (buffer-live-p source)
                             (eq process (buffer-local-value 'brrr--process source)))
                    (with-current-buffer source
                      (funcall report
                               (save-restriction
                                 (widen)
                                 (mapcar (lambda (one) (brrr--diagnostic source one))
                                         (with-current-buffer output
                                           (goto-char (point-min))
                                           (json-parse-buffer :object-type 'plist :array-type 'list)))))))
                (kill-buffer output))))))
    (setq brrr--process
          (make-process :name "brrr check" :noquery t :connection-type 'pipe :buffer output :stderr nil
                        :command (list brrr-program "check" "--output-format" "json" "-")
                        :sentinel finish))
    (save-restriction
      (widen)
      (process-send-region brrr--process (point-min) (point-max)))
    (process-send-eof brrr--process)))

;;;###autoload
(define-minor-mode brrr-flymake-mode
  "Have Flymake show what `brrr check' says, beside whatever server Eglot runs."
  :lighter nil
  (if brrr-flymake-mode
      (add-hook 'flymake-diagnostic-functions #'brrr-flymake nil t)
    (remove-hook 'flymake-diagnostic-functions #'brrr-flymake t))
  (flymake-mode 1))

(provide 'brrr)
;;; brrr.el ends here
