//! One text for each client: complete, and right as it stands once the key is in it.

use std::net::SocketAddr;

/// Stands where the reader's key belongs.
pub const KEY: &str = "YOUR_API_KEY";
/// Stands where the reader's secret belongs.
pub const SECRET: &str = "YOUR_API_SECRET";

/// A node as a reader reaches it, and the reader's key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Name or address with its port, of REST and sockets.
    pub host: String,
    /// Whether REST and sockets are behind TLS.
    pub secure: bool,
    /// FIX 4.4, if it is open.
    pub fix: Option<SocketAddr>,
    pub key: String,
    pub secret: String,
}

/// The clients whose configuration is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    Ccxt,
    PythonBinance,
    GoBinance,
    Freqtrade,
    QuickFix,
}

const CCXT: &str = "\
import ccxt

BASE = '{base}'
exchange = ccxt.binance({
    'apiKey': '{key}',
    'secret': '{secret}',
    'options': {'fetchMarkets': {'types': ['spot']}, 'fetchCurrencies': False,
                'fetchMargins': False},
})
exchange.urls['api'].update({
    'public': BASE + '/api/v3', 'private': BASE + '/api/v3', 'v1': BASE + '/api/v1',
    'sapi': BASE + '/sapi/v1', 'sapiV2': BASE + '/sapi/v2', 'sapiV3': BASE + '/sapi/v3',
    'sapiV4': BASE + '/sapi/v4',
})
# With ccxt.pro also:
# exchange.urls['api']['ws'].update(spot='{sockets}/stream/ws', margin='{sockets}/stream/ws')
# exchange.urls['api']['ws']['ws-api']['spot'] = '{sockets}/ws-api/v3'

print(exchange.fetch_order_book('BTC/USDT', 5))
print(exchange.fetch_balance()['total'])
";

const PYTHON_BINANCE: &str = "\
from binance import AsyncClient, BinanceSocketManager, Client

for kind in (Client, AsyncClient):
    kind.API_URL = '{base}/api'
    kind.MARGIN_API_URL = '{base}/sapi'
    kind.WS_API_URL = '{sockets}/ws-api/v3'
BinanceSocketManager.STREAM_URL = '{sockets}/'

client = Client('{key}', '{secret}')
print(client.get_order_book(symbol='BTCUSDT', limit=5))
print(client.get_account()['balances'])
";

const GO_BINANCE: &str = "\
package main

import (
\t\"context\"
\t\"fmt\"
\t\"log\"

\t\"github.com/adshao/go-binance/v2\"
)

func main() {
\tbinance.BaseWsMainURL = \"{sockets}/ws\"
\tbinance.BaseCombinedMainURL = \"{sockets}/stream?streams=\"
\tclient := binance.NewClient(\"{key}\", \"{secret}\")
\tclient.BaseURL = \"{base}\"

\tbook, err := client.NewDepthService().Symbol(\"BTCUSDT\").Limit(5).Do(context.Background())
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tfmt.Println(book.LastUpdateID, book.Bids, book.Asks)
\taccount, err := client.NewGetAccountService().Do(context.Background())
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tfmt.Println(account.Balances)
}
";

const FREQTRADE: &str = "\
{
    \"exchange\": {
        \"name\": \"binance\",
        \"key\": \"{key}\",
        \"secret\": \"{secret}\",
        \"enable_ws\": false,
        \"pair_whitelist\": [\"BTC/USDT\"],
        \"ccxt_config\": {
            \"urls\": {\"api\": {
                \"public\": \"{base}/api/v3\", \"private\": \"{base}/api/v3\",
                \"v1\": \"{base}/api/v1\", \"sapi\": \"{base}/sapi/v1\",
                \"sapiV2\": \"{base}/sapi/v2\", \"sapiV3\": \"{base}/sapi/v3\",
                \"sapiV4\": \"{base}/sapi/v4\"
            }},
            \"options\": {
                \"fetchMarkets\": {\"types\": [\"spot\"]},
                \"fetchCurrencies\": false,
                \"fetchMargins\": false
            }
        }
    }
}
";

const QUICKFIX: &str = "\
# In toAdmin, for MsgType A: Username (553) = {key}
#                            Password (554) = {secret}
[DEFAULT]
ConnectionType=initiator
BeginString=FIX.4.4
TargetCompID=DAYBOOK
SocketConnectHost={fix_host}
SocketConnectPort={fix_port}
HeartBtInt=30
ReconnectInterval=5
StartTime=00:00:00
EndTime=00:00:00
UseDataDictionary=Y
DataDictionary=FIX44.xml
FileStorePath=store
FileLogPath=log

[SESSION]
SenderCompID=ME
";

impl Client {
    /// All of them, in the order of the page.
    pub const ALL: [Client; 5] = [
        Client::Ccxt,
        Client::PythonBinance,
        Client::GoBinance,
        Client::Freqtrade,
        Client::QuickFix,
    ];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Client::Ccxt => "ccxt",
            Client::PythonBinance => "python-binance",
            Client::GoBinance => "go-binance",
            Client::Freqtrade => "freqtrade",
            Client::QuickFix => "quickfix",
        }
    }

    /// The client with that name.
    pub fn parse(name: &str) -> Option<Client> {
        Client::ALL.into_iter().find(|client| client.name() == name)
    }

    /// Its configuration for that node.
    pub fn snippet(self, place: &Place) -> String {
        let template = match self {
            Client::Ccxt => CCXT,
            Client::PythonBinance => PYTHON_BINANCE,
            Client::GoBinance => GO_BINANCE,
            Client::Freqtrade => FREQTRADE,
            Client::QuickFix if place.fix.is_none() => return place.without_fix(),
            Client::QuickFix => QUICKFIX,
        };
        let (fix_host, fix_port) = place.fix_address();
        let scheme = if place.secure { "s" } else { "" };
        template
            .replace("{base}", &format!("http{scheme}://{}", place.host))
            .replace("{sockets}", &format!("ws{scheme}://{}", place.host))
            .replace("{fix_host}", &fix_host)
            .replace("{fix_port}", &fix_port)
            .replace("{key}", &place.key)
            .replace("{secret}", &place.secret)
    }
}

impl Place {
    fn without_fix(&self) -> String {
        format!(
            "# FIX is not open on {}; start the node with --fix-listen A:P.\n",
            self.host
        )
    }

    /// Host and port of FIX; behind "every address" the host that REST was reached at.
    fn fix_address(&self) -> (String, String) {
        let Some(fix) = self.fix else {
            return (String::new(), String::new());
        };
        let port = fix.port().to_string();
        if !fix.ip().is_unspecified() {
            return (fix.ip().to_string(), port);
        }
        let host = match self.host.rsplit_once(':') {
            Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.host,
        };
        (host.trim_matches(['[', ']']).to_owned(), port)
    }
}
