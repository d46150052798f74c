"""Writes cases.json: chat templates and small template texts with what jinja2 makes of them, set up as transformers does.

Run with a Python that has jinja2: python make_cases.py > cases.json
"""
import datetime
import json
import sys

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


def environment():
    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime.datetime.fromtimestamp(86400 * 365, datetime.timezone.utc).strftime(f)
    return env


CHATML = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
SMOLLM2 = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
LLAMA2 = "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
LLAMA3 = "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
LLAMA31 = r"""{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- This block extracts the system message, so we can slot it into the right place. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{#- System message + builtin tools #}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\n\n"}}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}

{#- Custom tools are passed in a user message with some extra guidance #}
{%- if tools_in_user_message and not tools is none %}
    {#- Extract the first user message so we can plug it in here #}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
{%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\n\n' -}}
    {{- "Given the following functions, please respond with a JSON for a function call " }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\n\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"""
MISTRAL = "{%- if messages[0][\"role\"] == \"system\" %}\n    {%- set system_message = messages[0][\"content\"] %}\n    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n{%- set ns = namespace() %}\n{%- set ns.index = 0 %}\n{%- for message in loop_messages %}\n    {%- if not (message.role == \"tool\" or message.role == \"tool_results\" or (message.tool_calls is defined and message.tool_calls is not none)) %}\n        {%- if (message[\"role\"] == \"user\") != (ns.index % 2 == 0) %}\n            {{- raise_exception(\"After the optional system message, conversation roles must alternate user/assistant/user/assistant/...\") }}\n        {%- endif %}\n        {%- set ns.index = ns.index + 1 %}\n    {%- endif %}\n{%- endfor %}\n\n{{- bos_token }}\n{%- for message in loop_messages %}\n    {%- if message[\"role\"] == \"user\" %}\n        {%- if loop.last and system_message is defined %}\n            {{- \"[INST] \" + system_message + \"\\n\\n\" + message[\"content\"] + \"[/INST]\" }}\n        {%- else %}\n            {{- \"[INST] \" + message[\"content\"] + \"[/INST]\" }}\n        {%- endif %}\n    {%- elif message[\"role\"] == \"assistant\" %}\n        {{- \" \" + message[\"content\"]|trim + eos_token}}\n    {%- endif %}\n{%- endfor %}\n"
QWEN25 = "{%- if tools %}\n    {{- '<|im_start|>system\\n' }}\n    {%- if messages[0]['role'] == 'system' %}\n        {{- messages[0]['content'] }}\n    {%- else %}\n        {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}\n    {%- endif %}\n    {{- \"\\n\\n# Tools\\n\\n<tools>\" }}\n    {%- for tool in tools %}\n        {{- \"\\n\" }}\n        {{- tool | tojson }}\n    {%- endfor %}\n    {{- \"\\n</tools><|im_end|>\\n\" }}\n{%- else %}\n    {%- if messages[0]['role'] == 'system' %}\n        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n    {%- else %}\n        {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}\n    {%- endif %}\n{%- endif %}\n{%- for message in messages %}\n    {%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) or (message.role == \"assistant\" and not message.tool_calls) %}\n        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n    {%- elif message.role == \"assistant\" %}\n        {{- '<|im_start|>' + message.role }}\n        {%- if message.content %}\n            {{- '\\n' + message.content }}\n        {%- endif %}\n        {%- for tool_call in message.tool_calls %}\n            {%- if tool_call.function is defined %}\n                {%- set tool_call = tool_call.function %}\n            {%- endif %}\n            {{- '\\n<tool_call>\\n{\"name\": \"' }}\n            {{- tool_call.name }}\n            {{- '\", \"arguments\": ' }}\n            {{- tool_call.arguments | tojson }}\n            {{- '}\\n</tool_call>' }}\n        {%- endfor %}\n        {{- '<|im_end|>\\n' }}\n    {%- elif message.role == \"tool\" %}\n        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != \"tool\") %}\n            {{- '<|im_start|>user' }}\n        {%- endif %}\n        {{- '\\n<tool_response>\\n' }}\n        {{- message.content }}\n        {{- '\\n</tool_response>' }}\n        {%- if loop.last or (messages[loop.index0 + 1].role != \"tool\") %}\n            {{- '<|im_end|>\\n' }}\n        {%- endif %}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n"
QWEN3 = "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}\n{%- for message in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n    {%- if ns.multi_step_tool and message.role == \"user\" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}\n        {%- set ns.multi_step_tool = false %}\n        {%- set ns.last_query_index = index %}\n    {%- endif %}\n{%- endfor %}\n{%- for message in messages %}\n    {%- if message.content is string %}\n        {%- set content = message.content %}\n    {%- else %}\n        {%- set content = '' %}\n    {%- endif %}\n    {%- if (message.role == \"user\") or (message.role == \"system\") %}\n        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}\n    {%- elif message.role == \"assistant\" %}\n        {%- set reasoning_content = '' %}\n        {%- if message.reasoning_content is string %}\n            {%- set reasoning_content = message.reasoning_content %}\n        {%- else %}\n            {%- if '</think>' in content %}\n                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n            {%- endif %}\n        {%- endif %}\n        {%- if loop.index0 > ns.last_query_index %}\n            {%- if loop.last or (not loop.last and reasoning_content) %}\n                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}\n            {%- else %}\n                {{- '<|im_start|>' + message.role + '\\n' + content }}\n            {%- endif %}\n        {%- else %}\n            {{- '<|im_start|>' + message.role + '\\n' + content }}\n        {%- endif %}\n        {{- '<|im_end|>\\n' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n    {%- if enable_thinking is defined and enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- endif %}\n{%- endif %}"
GEMMA = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
GEMMA3 = "{{ bos_token }}\n{%- if messages[0]['role'] == 'system' -%}\n    {%- if messages[0]['content'] is string -%}\n        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}\n    {%- else -%}\n        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}\n    {%- endif -%}\n    {%- set loop_messages = messages[1:] -%}\n{%- else -%}\n    {%- set first_user_prefix = \"\" -%}\n    {%- set loop_messages = messages -%}\n{%- endif -%}\n{%- for message in loop_messages -%}\n    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}\n        {{ raise_exception(\"Conversation roles must alternate user/assistant/user/assistant/...\") }}\n    {%- endif -%}\n    {%- if (message['role'] == 'assistant') -%}\n        {%- set role = \"model\" -%}\n    {%- else -%}\n        {%- set role = message['role'] -%}\n    {%- endif -%}\n    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else \"\") }}\n    {%- if message['content'] is string -%}\n        {{ message['content'] | trim }}\n    {%- elif message['content'] is iterable -%}\n        {%- for item in message['content'] -%}\n            {%- if item['type'] == 'image' -%}\n                {{ '<start_of_image>' }}\n            {%- elif item['type'] == 'text' -%}\n                {{ item['text'] | trim }}\n            {%- endif -%}\n        {%- endfor -%}\n    {%- else -%}\n        {{ raise_exception(\"Invalid content type\") }}\n    {%- endif -%}\n    {{ '<end_of_turn>\n' }}\n{%- endfor -%}\n{%- if add_generation_prompt -%}\n    {{'<start_of_turn>model\n'}}\n{%- endif -%}\n"
PHI3 = "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
ZEPHYR = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
DEEPSEEK = "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<\uff5cUser\uff5c>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<\uff5cAssistant\uff5c>' + content + '<\uff5cend\u2581of\u2581sentence\uff5c>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt and not ns.is_tool %}{{'<\uff5cAssistant\uff5c>'}}{% endif %}"
MACROS = """{%- macro render_type(schema, required=false) -%}
  {%- if schema.type == 'object' -%}
    {
    {%- for key, value in schema.properties.items() -%}
      {{ key }}{{ '' if key in schema.required else '?' }}: {{ render_type(value) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
    }
  {%- elif schema.type == 'array' -%}
    {{ render_type(schema['items']) }}[]
  {%- else -%}
    {{ schema.type }}
  {%- endif -%}
{%- endmacro -%}
{% macro wrap(tag) %}<{{ tag }}>{{ caller('x') }}</{{ tag }}>{% endmacro %}
{% for tool in tools or [] %}
{{ tool.function.name }}({{ render_type(tool.function.parameters) }})
{% endfor %}
{% call(letter) wrap('b') %}{{ letter }}{{ messages|length }}{% endcall %}
"""

SINGLE = [{"role": "user", "content": "Hi there"}]
LONG = [
    {"role": "system", "content": " Be brief. "},
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "<think>\neasy\n</think>\n\n4 "},
    {"role": "user", "content": " And “caf\u00e9”?\n"},
]
TALK = LONG[1:]
PARTS = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " look "}]}]
TOOL_TALK = [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 2, "exact": True, "x": None, "f": 1.5}}}]},
    {"role": "tool", "content": "sunny"},
    {"role": "tool", "content": "22 degrees"},
]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Says \"it\" <b>", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "list": {"type": "array", "items": {"type": "number"}}}, "required": ["city"]}}}]

SNIPPETS = r"""
{{ 1 + 2 * 3 ** 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** -1 }} {{ 1e3 }} {{ 1.5 + 1 }} {{ 10 / 5 }}
{{ 'a' ~ 1 ~ true ~ none }} {{ 'ab' * 3 }} {{ [1, 2] + [3] }} {{ (1, 2) + (3,) }} {{ 'a' 'b' }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'a' in 'cat' }} {{ 4 not in [1, 2] }} {{ 'k' in {'k': 1} }} {{ not true and false }}
{{ 'yes' if messages else 'no' }} {{ 'x' if false }}| {{ undefined_thing }}| {{ undefined_thing is defined }} {{ messages is defined }}
{{ 'Hello World'[1:4] }} {{ 'abc'[::-1] }} {{ [1, 2, 3, 4][::2] }} {{ [1, 2, 3][-1] }} {{ [1, 2, 3][5] is defined }} {{ 'héllo'[1] }} {{ 'abcdef'[-3:-1] }} {{ [1,2,3,4,5][3:0:-2] }}
{{ ' x '.strip() }}| {{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'a b c'.rsplit(' ', 1) }} {{ 'xxabxx'.strip('x') }} {{ 'aXbX'.replace('X', '-', 1) }}
{{ 'abc'.startswith('a') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'hello world'.title() }} {{ "don't stop"|title }} {{ 'hELLO'.capitalize() }} {{ 'straße'.upper() }} {{ 'ÀB'.lower() }} {{ 'abc'.find('c') }} {{ 'abcabc'.count('bc') }} {{ '-'.join(['a', 'b']) }}
{{ 'a\nb\r\nc'.splitlines() }} {{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ 'abc'.removeprefix('a') }} {{ 'a=b=c'.partition('=') }} {{ '7'.zfill(3) }}
{{ [3, 1, 2]|sort }} {{ [3, 1, 2]|sort(reverse=true) }} {{ ['b', 'A', 'a', 'B']|sort }} {{ [3, 1, 2]|max }} {{ [3, 1, 2]|min }} {{ [1, 2, 3]|sum }} {{ ['a', 'A', 'b']|unique|list }}
{{ messages|map(attribute='role')|join(', ') }} {{ messages|selectattr('role', 'equalto', 'user')|list|length }} {{ messages|rejectattr('role', 'eq', 'user')|map(attribute='role')|list }} {{ ['a', 'b']|map('upper')|list }} {{ [1, 2, 3, 4]|select('even')|list }} {{ [0, 1, '', 'x']|select|list }} {{ [1, 2]|reject('odd')|list }}
{{ 'abc'|length }} {{ 'héé'|length }} {{ [1]|length }} {{ {'a': 1}|length }} {{ [1, 2]|first }} {{ [1, 2]|last }} {{ 'abc'|first }} {{ 'abc'|list }} {{ 'abc'|reverse }} {{ [1, 2]|reverse|list }}
{{ undefined_thing|default('d') }} {{ ''|default('d', true) }} {{ none|d('x') }} {{ '5'|int + 1 }} {{ 'x'|int(7) }} {{ '1.5'|float }} {{ 3.7|int }} {{ -3|abs }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 5|string + 'a' }}
{{ {'b': 1, 'a': [1, 2.0, true, none, 'é"\n']}|tojson }} {{ {'b': 1, 'a': []}|tojson(sort_keys=true) }} {{ [1, {'a': {}}]|tojson(indent=2) }} {{ '<a & b>'|tojson }} {{ '<b>'|e }}
{{ {'a': 1, 'b': [1, 'x', none]} }} {{ [true, "it's", 'q"', 1.0, 1e20, 0.1] }} {{ () }} {{ (1,) }} {{ 'x'|pprint }}
{{ {'b': 1, 'a': 2}.items()|list }} {{ {'b': 1}.keys()|list }} {{ {'b': 1}.values()|list }} {{ {'b': 1}.get('b') }} {{ {'b': 1}.get('c', 5) }} {{ {'b': 1}.get('c') }} {{ {'b': 2, 'a': 1}|dictsort }} {{ {'a': 1}|items|list }}
{% for k, v in {'x': 1, 'y': 2}.items() %}{{ k }}={{ v }};{% endfor %} {% for a in [1, 2, 3] if a > 1 %}{{ loop.index }}/{{ loop.length }}:{{ a }} {% else %}none{% endfor %} {% for a in [] %}x{% else %}empty{% endfor %}
{% for a in 'ab' %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('x', 'y') }} {% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %} {{ range(1, 10, 3)|list }} {{ range(3, 0, -1)|list }}
{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }} {% set ns = namespace(n=0, s='') %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}
{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set block %}in {{ a }}{% endset %}{{ block }} {% set up | upper %}in {{ a }}{% endset %}{{ up }} {% with z = 5 %}{{ z }}{% endwith %}{{ z }} {% filter upper %}f{{ a }}{% endfilter %}
{% macro m(a, b='d', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(c=3, a=1) }}{{ m() }} {% if m is defined %}def{% endif %}
{{ 1 is number }} {{ 'a' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ [] is sequence }} {{ none is none }} {{ 1 is odd }} {{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }} {{ true is boolean }} {{ 1 is true }} {{ true is true }} {{ 1.0 is float }} {{ 1 is integer }} {{ 1 is not none }} {{ 3 is in [1, 3] }} {{ 'a' is eq 'a' }} {{ m is callable }}
{{ "a\tb\\n\u00e9\x41" }} {{ 'it\'s' }} {{ "line\
continued" }}
  {% if true %}
  kept
  {% endif %}
  after
  {%- if true -%}  tight  {%- endif -%}  end
  {%+ if true %}plus{% endif +%}
next {# comment #} x
  {# whole line #}
y {% raw %}{{ raw }}{% endraw %}
{{ '%s has %d' % ('x', 3) }} {{ '%s' % 'y' }} {{ 'a' 'b'|upper }} {{ -1|abs }} {{ (-1)|abs }} {{ [1, 2, 3]|batch(2)|list }} {{ 'a b c'|wordcount }} {{ 'a b'|urlencode }} {{ 'word word word'|truncate(9) }} {{ 'a\nb'|indent(2) }} {{ 'a\n\nb'|indent(2, true) }}
{{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 3}]|groupby('a') }} {{ [{'n': {'v': 2}}, {'n': {'v': 1}}]|sort(attribute='n.v') }} {{ [{'a': 2}]|sum(attribute='a') }} {{ [[1, 2]]|map('first')|list }} {{ dict(a=1, b=2) }} {{ 'a' < 'b' }} {{ [1, 2] == [1, 2] }} {{ 1 == 1.0 }} {{ 'x' != 1 }}
{{ messages[0].role }} {{ messages[0]['content'] }} {{ messages[0].nothing is defined }} {{ messages[0].get('role') }} {{ messages[-1]['role'] }} {{ (messages|last).role }} {{ messages[0].content.split(' ')[0] }}
{{ '{} {1}'.format('a') if false }}{{ '{}-{}'.format('a', 1) }} {{ '{0}{n}{{}}'.format('a', n=2) }} {{ '%s=%d'|format('a', 2) }} {{ {'a': [1, 2]}|tojson(separators=(',', ':')) }} {{ [1]|tojson(indent=2, separators=(', ', ': ')) }}
{{ strftime_now('%Y-%m-%d') }} {{ true or x.y }} {{ none or 'z' }} {{ 0 or '' or 'q' }} {{ 1 and 2 }} {{ '' and 2 }}| {{ 'a' if 1 == 2 else 'b' if 1 == 3 else 'c' }}
"""

ERRORS = [
    "{{ 'a' + 1 }}", "{{ undefined_thing.x }}", "{{ undefined_thing + 'a' }}", "line\n{{ raise_exception('no\\nway') }}",
    "{% for x in 5 %}{% endfor %}", "{{ 1 / 0 }}", "{% if true %}", "{{ 1 + }}", "{{ 'abc }}", "{% endfor %}", "{{ x | nosuch }}",
    "{{ 1 is nosuch }}", "{% include 'x' %}", "{{ [1, 2].append(3) }}", "{{ {'a': 1}.update({'b': 2}) }}", "{{ 'a'.nosuch() }}",
    "{{ ''.__class__.__mro__ }}x{{ ''.__class__.x }}", "{{ [] < 'a' }}", "{% set m.x = 1 %}", "{{ (1, 2 }}",
]


def main():
    env = environment()
    cases = []

    def add(name, template, messages, **options):
        variables = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": False,
                     "bos_token": "<s>", "eos_token": "</s>", **options}
        case = {"name": name, "template": template, "messages": messages, "options": options}
        try:
            case["expected"] = env.from_string(template).render(**variables)
        except Exception as error:  # what is raised differs between versions of jinja2; that it fails does not
            case["fails"] = True
            case["jinja2"] = str(error).splitlines()[0]
        cases.append(case)

    models = dict(chatml=CHATML, smollm2=SMOLLM2, llama2=LLAMA2, llama3=LLAMA3, llama31=LLAMA31, mistral=MISTRAL,
                  qwen25=QWEN25, qwen3=QWEN3, gemma=GEMMA, gemma3=GEMMA3, phi3=PHI3, zephyr=ZEPHYR, deepseek=DEEPSEEK,
                  macros=MACROS)
    for name, template in models.items():
        add(name + " single", template, SINGLE, add_generation_prompt=True)
        add(name + " long", template, LONG, add_generation_prompt=True)
        add(name + " talk", template, TALK)
        add(name + " tools", template, TOOL_TALK, tools=TOOLS, add_generation_prompt=True)
    add("gemma3 parts", GEMMA3, PARTS, add_generation_prompt=True)
    add("qwen3 without thinking", QWEN3, SINGLE, add_generation_prompt=True, enable_thinking=False)
    for number, snippet in enumerate(SNIPPETS.strip("\n").split("\n")):
        if not snippet.endswith("\\") and not snippet.startswith("continued"):
            add(f"snippet {number}", snippet, LONG)
    add("snippets", SNIPPETS, LONG)
    for number, template in enumerate(ERRORS):
        add(f"error {number}", template, SINGLE)
        assert "fails" in cases[-1], template
    json.dump(cases, sys.stdout, ensure_ascii=True, indent=1)
    print()


main()
