"""Checks a page of `vgg16 train --report` beside what --json printed: check_page.py PAGE.html REPORT.json

That it is well-formed XML, needs nothing from outside, runs nothing, leads only to places that it has, and that its figures are those of the JSON document. Exit status 0
where all holds."""
import base64
import io
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

from PIL import Image

with open(sys.argv[1], encoding='utf-8') as file:
    source = file.read()
with open(sys.argv[2], encoding='utf-8') as file:
    report = json.load(file)
assert source.startswith('<!DOCTYPE html>\n')
page = ElementTree.fromstring(source.removeprefix('<!DOCTYPE html>\n'))
elements = list(page.iter())


def words(element):
    return ' '.join(''.join(element.itertext()).split())


def find(id):
    return next((e for e in elements if e.get('id') == id), None)


def table(caption):
    """The rows of the table with that caption, as lists of text, without the heading."""
    found = [e for e in elements if e.tag == 'table' and words(e.find('caption')).startswith(caption)]
    assert len(found) == 1, f'{len(found)} tables "{caption}"'
    return [[words(cell) for cell in row] for row in found[0].find('tbody')]


# Nothing from outside, nothing that runs.
assert page.get('lang') == 'en'
policy = [e.get('content') for e in elements if e.get('http-equiv') == 'Content-Security-Policy']
assert len(policy) == 1 and policy[0].startswith("default-src 'none'; img-src data:;"), policy
assert not {'script', 'iframe', 'object', 'embed', 'link', 'base', 'form'} & {e.tag for e in elements}
for e in elements:
    assert not [name for name in e.keys() if name.startswith('on')], e.attrib
    assert e.get('src', 'data:image/jpeg;base64,').startswith('data:image/jpeg;base64,')
    assert e.get('href', '#').startswith('#')
style = page.find('head/style').text
assert not re.search(r'url\(|@import|https?:', style)

# Every place that is linked exists once; pictures can be decoded and have a text; tables have headings.
ids = [e.get('id') for e in elements if e.get('id')]
assert len(ids) == len(set(ids))
assert {e.get('href')[1:] for e in elements if e.get('href')} <= set(ids)
pictures = [e for e in elements if e.tag == 'img']
assert len(pictures) <= 400
for e in pictures:
    image = Image.open(io.BytesIO(base64.b64decode(e.get('src').partition(',')[2], validate=True)))
    assert image.format == 'JPEG' and image.size == (int(e.get('width')), int(e.get('height'))) and max(image.size) <= 128
    assert e.get('alt')
for e in elements:
    if e.tag == 'table':
        assert e.find('caption') is not None
        assert all(row[0].tag == 'th' and row[0].get('scope') == 'row' for row in e.find('tbody'))
        assert all(cell.get('scope') == 'col' for cell in e.find('thead')[0])


# The same figures as the JSON document's.
def four(number):
    return f'{number:.4f}'


def percent(share):
    digits = 1
    while share < 1 and digits < 6 and f'{100 * share:.{digits}f}'.startswith('100'):
        digits += 1
    return f'{100 * share:.{digits}f} %'


def visible(name):
    """As the program shows names: the tests' have no other invisible characters than these."""
    return ' '.join(re.sub('[\x00-\x1f\x7f]', lambda c: f'\\x{ord(c[0]):02x}', name).split())


summary = words(find('content')[0])
tested = len(report['predictions'])
right = sum(p['label'] == p['predicted'] for p in report['predictions'])
low, high = report['accuracy_interval']
assert summary.split(': ')[1].split(' labelled')[0].endswith(percent(report['accuracy'])), summary
assert f'{right} of {tested} ' in summary and f'between {percent(low)} and {percent(high)} ' in summary, summary

scores = table('Scores of each class')
expected = [[visible(c['class']), four(c['precision']), four(c['recall']), four(c['f1']), str(c['support'])] for c in report['per_class']]
assert scores[:-2] == expected, scores

if len(report['classes']) <= 40:
    matrix = table('Confusion matrix')
    assert [row[0] for row in matrix] == [visible(c) for c in report['classes']]
    assert [[int(n) for n in row[1:]] for row in matrix] == report['confusion']

tried = table('All that were tried')
assert len(tried) == len(report['cv'])
for row, candidate in zip(tried, report['cv']):
    figures = [four(candidate['mean']), four(candidate['std']), four(candidate['log_loss'])]
    rank = str(candidate['rank']) + (', chosen' if candidate == report['best'] else '')
    assert row[-5:] == figures + [rank, ' '.join(map(four, candidate['scores']))], (row, candidate)

bins = [b for b in report['calibration'] if b['rows']]
assert [row[1:] for row in table('Predictions by their probability')] == [
    [str(b['rows']), four(b['mean_probability']), four(b['accuracy']), ' to '.join(map(four, b['accuracy_interval']))] for b in bins]
probabilities = words(find('probabilities'))
assert f"is {four(report['calibration_error'])}, the log loss {four(report['log_loss'])}." in probabilities
assert [[float(row[0]), int(row[1]), int(row[2]), row[3]] for row in table('If the less probable')] == [
    [r['min_probability'], r['refused'], r['answered'], '-' if r['accuracy'] is None else four(r['accuracy'])] for r in report['refusals']]

# Every mistake that is shown is one, with its neighbours; cells lead to theirs.
wrong = {p['row']: p for p in report['predictions'] if p['label'] != p['predicted']}
cards = [e for e in elements if e.get('class') == 'mistake']
assert len(cards) == min(60, len(wrong))
for card in cards:
    prediction = wrong[int(card.get('id').removeprefix('mistake-'))]
    shown = words(card)
    assert f"probability {four(prediction['probability'])}" in shown and visible(prediction['name']) in shown, shown
    for near in prediction['nearest']:
        assert f"similarity {four(near['similarity'])}" in shown and visible(near['name']) in shown, shown
for part, of, each in (('duplicates', report['duplicates'], 16), ('look-alikes', report['look_alikes'], 16), ('suspects', report['suspects'], 24)):
    section = find(part)
    assert (section is None) == (not of)
    if of:
        assert len([e for e in section.iter('figure')]) == min(each, len(of)) * (1 if part == 'suspects' else 2)
for part, of in (('duplicates', report['duplicates']), ('look-alikes', report['look_alikes'])):
    for pair in of[:16]:
        assert f"similarity {four(pair['similarity'])}" in words(find(part))
for suspect in report['suspects'][:24]:
    assert four(suspect['label_probability']) in words(find('suspects')) and visible(suspect['name']) in words(find('suspects'))
for sentence in report['notes'] + report['warnings']:
    assert visible(sentence) in words(find('remarks'))
made = {row[0]: row[1] for row in table('All that decides the result')}
assert made['training rows'] == str(report['train_rows']) and made['held out'].startswith(f"{report['test_rows']} row")
