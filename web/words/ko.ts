import type { Reservation } from '../../client/holdfast.ts'
import type { Notice } from '../booking/notice.ts'
import type { Words } from './words.ts'

function lostTitle({ status, reason }: Reservation): string {
  if (reason === 'payment_declined') return '카드가 승인되지 않았습니다'
  if (reason === 'payment_unavailable') return '결제를 마치지 못했습니다'
  if (reason === 'show_cancelled') return '공연이 취소되었습니다'
  if (status === 'expired') return '결제 중에 시간이 다 되었습니다'
  return '좌석을 드리지 못했습니다'
}

function lostText({ status, reason }: Reservation): string {
  if (reason === 'payment_declined') {
    return '좌석은 다시 풀렸습니다. 다시 선택해 다른 카드로 결제할 수 있습니다.'
  }
  if (reason === 'payment_unavailable') {
    return '결제사와 연결되지 않았습니다. 좌석은 다시 풀렸습니다.'
  }
  if (reason === 'show_cancelled') return '공연이 열리지 않습니다.'
  if (status === 'expired') {
    return '은행이 제때 응답하지 않았습니다. 나중에 승인되면 좌석이 비어 있는 한 예매가 완료되고, 아니면 전액 환불됩니다.'
  }
  return '결제가 마감 뒤에 승인되었고, 그 사이 다른 분이 좌석을 잡았습니다.'
}

function moneyText({ status, payment }: Reservation, amount: string): string {
  if (status === 'refunded' || payment?.status === 'refunded') {
    return `카드로 환불되었습니다: ${amount}.`
  }
  if (status === 'refunding' || payment?.status === 'captured' || payment?.status === 'refunding') {
    return `카드로 환불되는 중입니다: ${amount}. 따로 하실 일은 없습니다.`
  }
  if (status === 'expired')
    return '지금까지 결제된 금액은 없습니다. 나중에 결제되면 모두 환불됩니다.'
  return '카드에서 결제된 금액은 없습니다.'
}

function notice(told: Notice, seat: (seatId: string) => string): string {
  const named = (ids: readonly string[]): string => ids.map(seat).join(', ')
  switch (told.type) {
    case 'held':
      return `좌석을 잡았습니다: ${named(told.seatIds)}.`
    case 'released':
      return `좌석을 돌려놓았습니다: ${named(told.seatIds)}.`
    case 'extended':
      return '시간이 늘어났습니다.'
    case 'extended-to-the-end':
      return '더는 연장할 수 없습니다.'
    case 'time-left':
      return `결제까지 ${told.seconds}초 남았습니다.`
    case 'taken':
      return `다른 분이 먼저 잡았습니다: ${named(told.seatIds)}.`
    case 'not-free': {
      const why = { 1: '다른 분이 잡고 있습니다', 2: '판매되었습니다', 3: '판매하지 않습니다' }
      return `${seat(told.seatId)}: ${why[told.state]}.`
    }
    case 'none-together':
      return told.count === 1
        ? '여기에는 빈 좌석이 없습니다.'
        : `여기에는 나란히 빈 좌석 ${told.count}개가 없습니다.`
    case 'held-together':
      return `함께 잡은 좌석 ${told.seatIds.length}개입니다. 내 좌석에서 한꺼번에 돌려놓을 수 있습니다.`
    case 'ran-out':
      return `시간이 다 되어 좌석이 풀렸습니다: ${named(told.seatIds)}.`
    case 'limit':
      return `한 사람이 이 공연에서 ${told.max}석까지 살 수 있습니다. 지금 ${told.have}석입니다.`
    case 'too-many':
      return `한 번에 ${told.max}석까지 잡을 수 있습니다.`
    case 'not-now':
      return '지금은 처리하지 못했습니다. 다시 시도해 주세요.'
    case 'unanswered':
      return '아직 응답이 없습니다. 계속 확인하고 있습니다.'
    case 'processing':
      return '결제를 처리하고 있습니다.'
    case 'confirmed':
      return `티켓 ${told.count}장이 나왔습니다.`
    case 'not-bought':
      return '결제에 실패했습니다. 구매된 것은 없습니다.'
    case 'connection':
      return told.isLost
        ? '연결이 끊겼습니다. 배치도가 실제와 다를 수 있습니다.'
        : '배치도가 다시 실시간입니다.'
  }
}

export const ko: Words = {
  brand: 'Holdfast',
  language: '한국어',
  otherLanguage: { label: 'English', code: 'en' },
  skipToContent: '본문으로 건너뛰기',

  shows: {
    title: '공연',
    headline: '누르는 순간, 내 자리입니다.',
    intro:
      '배치도는 실시간입니다. 누가 좌석을 잡거나 놓으면 바로 보입니다. 잡고 있는 동안에는 아무도 그 좌석을 가져갈 수 없습니다.',
    loading: '공연을 불러오는 중',
    failed: '공연을 불러오지 못했습니다.',
    retry: '다시 시도',
    none: '아직 공연이 없습니다.',
    search: '공연 찾기',
    found: (count) => `공연 ${count}개`,
    more: '공연 더 보기',
    seats: (count) => `${count}석`,
    free: (count) => `${count}석 남음`,
    from: (price) => `${price}부터`,
    soldOut: '매진',
  },

  show: {
    back: '전체 공연',
    loading: '좌석 배치도를 여는 중',
    notFound: '찾는 공연이 없습니다',
    notFoundHint: '공연이 내려갔거나 주소가 잘못되었을 수 있습니다.',
    failed: '공연을 열지 못했습니다',
    failedHint: '잠시 뒤에 다시 시도해 주세요.',
    map: '배치도',
    list: '목록',
    viewLabel: '좌석 선택 방법',
    zoomIn: '확대',
    zoomOut: '축소',
    zoomFit: '전체 보기',
    stage: '무대',
    mapLabel: (name) =>
      `${name} 좌석 배치도. 키보드와 화면 낭독기로는 목록에서 같은 좌석을 고를 수 있습니다.`,
    mapHint: '구역을 누르면 가까이 보입니다',
    noGuests: '이곳에서는 좌석을 볼 수만 있습니다.',
  },

  seat: ({ section, row, number }) => `${section} ${row}열 ${number}번`,
  seatShort: ({ row, number }) => `${row}열 ${number}번`,
  row: (id) => `${id}열`,
  look: {
    free: '선택 가능',
    held: '다른 분이 선택 중',
    sold: '판매됨',
    blocked: '판매 안 함',
    pending: '확인 중',
    mine: '내가 잡음',
    paying: '결제 중',
    ticket: '내 좌석',
  },
  freeOf: (free, total) => `${total}석 중 ${free}석 남음`,
  freeShort: (free) => `${free}석`,

  legend: {
    prices: '가격',
    seats: '표시 안내',
    zoneOnly: (price) => `${price} 좌석만 보기`,
    zoneFree: (free) => `${free}석 남음`,
    together: '나란히 앉을 좌석 수',
    fewer: '한 자리 줄이기',
    more: '한 자리 늘리기',
    togetherValue: (count) => `한 번에 ${count}석`,
  },

  basket: {
    title: '내 좌석',
    empty: '아직 잡은 좌석이 없습니다',
    emptyHint: (minutes) =>
      minutes < 1
        ? '빈 좌석을 누르면 바로 잡아 둡니다.'
        : `빈 좌석을 누르면 바로 ${minutes}분 동안 잡아 둡니다.`,
    noneFree: '지금은 빈 좌석이 없습니다',
    noneFreeHint: '좌석이 다시 나오면 바로 보입니다.',
    asking: '확인 중 …',
    seatCount: (count) => `${count}석`,
    left: (time) => `${time} 남음`,
    leftShort: '결제까지 남은 시간',
    warning: '시간이 얼마 남지 않았습니다',
    extend: '시간 연장',
    release: (named) => `${named} 돌려놓기`,
    total: '합계',
    pay: '결제하러 가기',
    open: '내 좌석 보기',
    close: '배치도 보기',
  },

  pay: {
    title: '결제',
    sandbox: '시험용 결제입니다. 실제 돈은 오가지 않습니다. 카드가 어떻게 반응할지 고르세요.',
    cards: '카드',
    works: '정상 카드',
    worksHint: '바로 승인됩니다',
    declined: '거절되는 카드',
    declinedHint: '은행이 승인하지 않습니다',
    slow: '느린 카드',
    slowHint: '은행이 4초 동안 생각합니다',
    email: '티켓을 받을 이메일',
    emailHint: '선택 사항입니다. 티켓은 이 화면에도 나옵니다.',
    emailWrong: '이메일 주소가 아닙니다.',
    charges: (count) => `${count}번에 나누어 잡았으므로 카드도 ${count}번 결제됩니다.`,
    button: (amount) => `${amount} 결제하기`,
    back: '내 좌석으로 돌아가기',
  },

  processing: {
    title: '처리 중',
    text: '은행에 확인하고 있습니다. 그동안 좌석은 안전합니다.',
    note: '기다리셔도 되고 나중에 다시 오셔도 됩니다. 티켓은 여기에 있습니다.',
  },

  after: {
    ticketsTitle: (count) => `티켓 ${count}장이 나왔습니다`,
    ticketsText:
      '입장할 때 코드를 보여 주세요. 이 브라우저에는 하루 동안만 보관되니 인쇄해 두세요.',
    ticketsButton: (count) => `내 티켓 ${count}장`,
    ticketId: '티켓',
    code: (ticketId) => `티켓 ${ticketId}의 QR 코드`,
    mixedTitle: '구매되지 않은 좌석',
    lostTitle,
    lostText,
    money: '결제 금액',
    moneyText,
    done: '배치도로 돌아가기',
    again: '다시 고르기',
    print: '인쇄',
  },

  list: {
    sections: '구역',
    choose: '구역을 고르면 열이 보입니다.',
    all: '전체 구역',
    grid: (section) => `${section} 좌석`,
    hint: '방향키로 좌석을 옮겨 다니고, Enter로 잡거나 돌려놓으며, Home과 End로 열의 처음과 끝으로 갑니다.',
    find: (count) => (count === 1 ? '빈 좌석으로 이동' : `나란히 빈 ${count}석으로 이동`),
    rowsFrom: (first, last) => `${first}열부터 ${last}열까지`,
    next: '다음 열',
    previous: '이전 열',
  },

  connection: {
    connecting: '연결하는 중 …',
    lost: '연결이 끊겼습니다. 배치도는 끊기기 전 모습입니다.',
    retryIn: (seconds) => `${seconds}초 뒤에 다시 시도합니다.`,
    retry: '지금 시도',
    back: '다시 실시간입니다',
    closed: '서버가 이 접속을 더는 받지 않습니다.',
    reload: '새로 시작',
  },

  notice,
}
