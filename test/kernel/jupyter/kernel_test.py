"""The Jupyter project's own kernel tests, all of them, and cases that Deno's kernel tests add, for the installed
kernelspec `jessl`. Run by kernel-test.test.ts, which installs the kernelspec into a temporary JUPYTER_PATH."""
import unittest

import jupyter_kernel_test as suite


class JesslKernelTests(suite.KernelTests):
    kernel_name = "jessl"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('to stderr')"
    completion_samples = [
        {"text": "consol", "matches": {"console"}},
        {"text": "Math.sqr", "matches": {"sqrt", "SQRT2", "SQRT1_2"}},
        {"text": "'abc'.toUpper", "matches": {"toUpperCase"}},
        {"text": "%%ba", "matches": {"%%bash"}},
    ]
    complete_code_samples = ["1", "const a = 1", "function f() {\n  return 1;\n}\n", "await 1", "%%time\n1"]
    incomplete_code_samples = ["function f() {", "`open", "f(", "/* note", "const x ="]
    invalid_code_samples = ["const = 1", "let a b", "}", "'open"]
    code_page_something = "?Math.max"
    code_generate_error = "throw new Error('made')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "'a' + 'b'", "result": "'ab'"},
        {"code": "await Promise.resolve([1, 2])", "result": "[ 1, 2 ]"},
        {"code": "const wide: number = 3; wide ** 3", "result": "27"},
    ]
    code_display_data = [
        {"code": "display({ 'text/html': '<b>x</b>' }, { raw: true })", "mime": "text/html"},
        {"code": "display({ 'image/svg+xml': '<svg/>' }, { raw: true })", "mime": "image/svg+xml"},
        {"code": "display([1, 2])", "mime": "text/plain"},
    ]
    code_history_pattern = "6 [*] ?"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"

    def test_clear_output(self):
        self.flush_channels()
        reply, messages = self.execute_helper(code="clearOutput({ wait: true }); clearOutput()")
        self.assertEqual(reply["content"]["status"], "ok")
        self.assertEqual([m["msg_type"] for m in messages], ["clear_output"] * 2)
        self.assertEqual([m["content"]["wait"] for m in messages], [True, False])

    def test_update_display(self):
        self.flush_channels()
        _, messages = self.execute_helper(code="display('a', { id: 'one' }); updateDisplay('one', 'b')")
        self.assertEqual([m["msg_type"] for m in messages], ["display_data", "update_display_data"])
        self.assertEqual({m["content"]["transient"]["display_id"] for m in messages}, {"one"})

    def test_store_history_false_keeps_the_count(self):
        self.flush_channels()
        first, _ = self.execute_helper(code="1")
        second, _ = self.execute_helper(code="2", store_history=False)
        self.assertEqual(first["content"]["execution_count"], second["content"]["execution_count"])

    def test_heartbeat(self):
        self.kc.hb_channel.unpause()
        self.assertTrue(self.kc.is_alive())
        self.assertTrue(self.kc.hb_channel.is_beating())

    def test_stdin(self):
        self.flush_channels()
        self.kc.execute("prompt('name? ')", allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=10)
        self.assertEqual(question["content"], {"prompt": "name? ", "password": False})
        self.kc.input("Ada")
        reply = self.get_non_kernel_info_reply(timeout=10)
        self.assertEqual(reply["content"]["status"], "ok")

    def test_a_server_in_one_cell_answers_the_next(self):
        self.flush_channels()
        self.execute_helper(
            code="import { createServer } from 'node:http';\n"
            "const server = createServer((_, answer) => answer.end('served')).listen(0, '127.0.0.1');\n"
            "await new Promise((done) => server.once('listening', done));"
        )
        _, messages = self.execute_helper(
            code="const { port } = server.address() as { port: number };\n"
            "const body = await (await fetch(`http://127.0.0.1:${port}`)).text(); server.close(); body"
        )
        results = [m for m in messages if m["msg_type"] == "execute_result"]
        self.assertEqual(results[0]["content"]["data"]["text/plain"], "'served'")

    def test_interrupt(self):
        self.flush_channels()
        self.kc.execute("while (true) {}")
        while True:
            message = suite.ensure_sync(self.kc.iopub_channel.get_msg)(timeout=10)
            if message["msg_type"] == "execute_input":
                break
        self.km.interrupt_kernel()
        reply = self.get_non_kernel_info_reply(timeout=10)
        self.assertEqual(reply["content"]["ename"], "InterruptError")
        again, _ = self.execute_helper(code="1")
        self.assertEqual(again["content"]["status"], "ok")


if __name__ == "__main__":
    unittest.main(verbosity=2)
