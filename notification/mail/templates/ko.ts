import type { NoticeFacts } from '../facts.ts'
import type { Names, Phrasebook, Words } from './words.ts'

const confirmed = (_facts: NoticeFacts, { show, amount }: Names): Words => ({
  subject: `[예매 완료] ${show}`,
  headline: '예매가 완료되었습니다',
  paragraphs: [
    `${amount} 결제가 정상적으로 처리되어 아래 좌석의 예매가 확정되었습니다.`,
    '입장하실 때 티켓 번호를 제시해 주세요. 즐거운 관람 되시기 바랍니다.',
  ],
})

const paymentFailed = ({ reason }: NoticeFacts, { show }: Names): Words => ({
  subject: `[결제 실패] ${show}`,
  headline: '결제가 완료되지 않았습니다',
  paragraphs: [
    reason === 'payment_declined'
      ? '카드 승인이 거절되어 좌석을 예매하지 못했습니다. 결제된 금액은 없습니다.'
      : '결제사와 제시간에 연결되지 않아 좌석을 예매하지 못했습니다. 결제된 금액은 없습니다.',
    '선택하신 좌석은 다시 예매 가능한 상태가 되었습니다. 원하시면 좌석을 다시 선택해 주세요.',
  ],
})

const REFUND_FOLLOWS =
  '이미 결제된 금액이 있다면 전액 환불해 드리며, 환불이 완료되면 다시 안내해 드리겠습니다.'

function cancelled({ reason }: NoticeFacts, { show }: Names): Words {
  if (reason === 'show_cancelled') {
    return {
      subject: `[공연 취소] ${show}`,
      headline: '공연이 취소되었습니다',
      paragraphs: ['죄송합니다. 예매하신 공연이 취소되었습니다.', REFUND_FOLLOWS],
    }
  }
  const why =
    reason === 'seat_conflict'
      ? '결제 가능 시간이 지난 뒤에 결제가 접수되었고, 그 사이 다른 분이 해당 좌석을 예매하셨습니다. ' +
        '좌석을 지켜 드리지 못해 죄송합니다.'
      : '결제 가능 시간이 지난 뒤에 결제가 접수되어 좌석을 예매하지 못했습니다.'
  return {
    subject: `[예매 취소] ${show}`,
    headline: '예매가 취소되었습니다',
    paragraphs: [why, REFUND_FOLLOWS],
  }
}

const expired = ({ phase }: NoticeFacts, { show }: Names): Words => ({
  subject: `[시간 만료] ${show}`,
  headline: '선점하신 좌석이 해제되었습니다',
  paragraphs:
    phase === 'paying'
      ? [
          '제시간에 결제가 완료되지 않아 선점하신 좌석이 해제되었습니다.',
          '이후에 결제가 접수되면 좌석이 남아 있는 경우 예매를 확정하고, 그렇지 않은 경우 전액 ' +
            '환불해 드립니다. 어느 경우든 다시 안내해 드리겠습니다.',
        ]
      : [
          '정해진 시간 안에 예매가 완료되지 않아 선점하신 좌석이 해제되었습니다. 결제된 금액은 ' +
            '없습니다.',
          '원하시면 좌석을 다시 선택해 주세요.',
        ],
})

const refunded = (_facts: NoticeFacts, { show, amount }: Names): Words => ({
  subject: `[환불 완료] ${show}`,
  headline: '환불이 완료되었습니다',
  paragraphs: [
    `결제하신 카드로 환불해 드렸습니다. 환불 금액: ${amount}`,
    '카드사에 따라 실제로 확인되기까지 며칠이 걸릴 수 있습니다.',
  ],
})

export const korean: Phrasebook = {
  greeting: '안녕하세요.',
  closing: '예매처 드림',
  automatic: '이 메일은 자동으로 발송되었습니다. 확인을 위해 보관해 주시기 바랍니다.',
  labels: {
    show: '공연',
    startsAt: '공연 일시',
    seats: '좌석',
    amount: '금액',
    tickets: '티켓',
    reservation: '예매 번호',
  },
  unnamedShow: (showId) => `공연 ${showId}`,
  words: { confirmed, payment_failed: paymentFailed, cancelled, expired, refunded },
}
