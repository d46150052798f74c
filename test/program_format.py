# The lit format of this suite: .mlir and .test files run their RUN lines; XTests.cpp stands for the GoogleTest program built from it.
import json
import os
import subprocess
import tempfile

import lit.formats
import lit.Test


class ProgramOrShell(lit.formats.ShTest):
    def __init__(self, programs):
        super().__init__(execute_external=False)
        self.programs = programs  # the build's test folder, which mirrors the first level of the source's

    def getTestsForPath(self, suite, path, lit_config, local_config):
        if path[-1].endswith("Tests.cpp"):
            yield lit.Test.Test(suite, path, local_config)
        else:
            yield from super().getTestsForPath(suite, path, lit_config, local_config)

    def execute(self, test, lit_config):
        if not test.path_in_suite[-1].endswith("Tests.cpp"):
            return super().execute(test, lit_config)
        name = os.path.splitext(test.path_in_suite[-1])[0]
        program = os.path.join(self.programs, test.path_in_suite[0], name)
        if not os.path.exists(program):
            return lit.Test.FAIL, f"{program} is not built; 'ninja tests' builds it"
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            command = [program, f"--gtest_output=json:{report}", "--gtest_brief=1"]
            try:
                run = subprocess.run(command, cwd=folder, env=test.config.environment, timeout=300, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
            except subprocess.TimeoutExpired as timeout:
                return lit.Test.TIMEOUT, f"{program} ran for more than {timeout.timeout} s"
            output = f"{' '.join(command)}\n{run.stdout}"
            if run.returncode != 0:
                return lit.Test.FAIL, output
            if not os.path.exists(report):
                return lit.Test.FAIL, output + "\nthe program wrote no report"
            with open(report) as file:
                cases = [case for suite in json.load(file)["testsuites"] for case in suite["testsuite"]]
        if not cases:
            return lit.Test.FAIL, output + "\nthe program has no tests"
        if all(case["result"] == "SKIPPED" for case in cases):
            return lit.Test.UNSUPPORTED, output
        return lit.Test.PASS, output
