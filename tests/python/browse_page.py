"""Looks at a page of `vgg16 train --report` in Chromium: browse_page.py PAGE.html FOLDER

Takes screenshots at the sizes of a phone and a laptop, light and dark, and a PDF of the print, into FOLDER. Exit status 0 unless the page reports an error, requests
something, or axe finds something that would keep somebody from reading it. Needs Chromium with its driver, and the packages selenium and axe-selenium-python."""
import base64
import json
import pathlib
import shutil
import sys

from axe_selenium_python import Axe
from selenium import webdriver

page, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
options = webdriver.ChromeOptions()
for option in ('--headless=new', '--no-sandbox', '--hide-scrollbars'):
    options.add_argument(option)
options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
problems = []
with webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which('chromedriver'))) as browser:
    browser.set_script_timeout(300)  # axe looks at each of thousands of elements
    for scheme in ('light', 'dark'):
        browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
        for size, width, height in (('phone', 390, 844), ('laptop', 1280, 800)):
            browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': size == 'phone'})
            browser.get(page.as_uri())
            needed = browser.execute_script('return document.documentElement.scrollWidth')
            if needed > width:
                problems.append(f'{size}: the page is {needed} pixels wide')
            shot = browser.execute_cdp_cmd('Page.captureScreenshot', {'captureBeyondViewport': True, 'clip': {
                'x': 0, 'y': 0, 'width': width, 'height': browser.execute_script('return document.documentElement.scrollHeight'), 'scale': 1}})
            (folder / f'{size}-{scheme}.png').write_bytes(base64.b64decode(shot['data']))
            axe = Axe(browser)
            axe.inject()
            for violation in axe.run()['violations']:
                nodes = [node['html'][:120] for node in violation['nodes'][:3]]
                problems.append(f"{size}, {scheme}: {violation['id']} ({violation['help']}) at {len(violation['nodes'])}: {nodes}")
    pdf = browser.execute_cdp_cmd('Page.printToPDF', {'printBackground': False})
    (folder / 'print.pdf').write_bytes(base64.b64decode(pdf['data']))
    problems += [f"console: {entry['message']}" for entry in browser.get_log('browser')]
    for entry in browser.get_log('performance'):
        message = json.loads(entry['message'])['message']
        if message['method'] == 'Network.requestWillBeSent':
            url = message['params']['request']['url']
            if not url.startswith('data:') and url != page.as_uri():
                problems.append(f'requested {url}')
print('\n'.join(problems) or 'nothing to complain about')
sys.exit(bool(problems))
