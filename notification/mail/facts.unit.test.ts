import { describe, expect, it } from 'vitest'
import { recipientOf } from './facts.ts'

describe('recipientOf', () => {
  it('is the contact when there is one', () => {
    const facts = { email: 'buyer@example.com', customerId: 'c_1' }
    expect(recipientOf(facts)).toBe('buyer@example.com')
  })

  it('is a guest address made of the customer id otherwise', () => {
    expect(recipientOf({ customerId: 'c_4vq2m8' })).toBe('c_4vq2m8@guest.invalid')
  })

  it.each([
    ['a@b', 'a%40b@guest.invalid'],
    ['a,b;c:d', 'a%2cb%3bc%3ad@guest.invalid'],
    ['"><x', '%22%3e%3cx@guest.invalid'],
    ['.a..b.', '%2ea.%2eb%2e@guest.invalid'],
    ['auth0|5f7c', 'auth0|5f7c@guest.invalid'],
    ['a.b', 'a.b@guest.invalid'],
  ])('escapes what an address cannot hold: %s', (customerId, address) => {
    expect(recipientOf({ customerId })).toBe(address)
  })

  it.each([
    'a@b,c@d.example',
    'a@b>\u0000',
    'a@b\u007f',
    'Name<a@b>',
    '"a"@b',
    'a@b;c',
    `${'a'.repeat(250)}@b.cd`,
  ])('is nobody when the contact is not one plain address: %j', (email) => {
    expect(recipientOf({ email, customerId: 'c_1' })).toBe(null)
  })

  it('takes addresses beyond ASCII', () => {
    const email = '구매자@예시.한국'
    expect(recipientOf({ email, customerId: 'c_1' })).toBe(email)
  })
})
