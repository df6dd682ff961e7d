//! Numbers in and out: exact, or refused.

use gateway::wire::decimal::{Decimal, Fixed};
use rand::{Rng, SeedableRng};

#[test]
fn numbers_print_with_eight_decimals() {
    for (units, scale, text) in [
        (0, 0, "0.00000000"),
        (0, 8, "0.00000000"),
        (0, 18, "0.00000000"),
        (1, 0, "1.00000000"),
        (10_000, 2, "100.00000000"),
        (1, 5, "0.00001000"),
        (1, 8, "0.00000001"),
        (-1, 8, "-0.00000001"),
        (-12_345, 2, "-123.45000000"),
        (1_500_000_000_000_000_000, 18, "1.50000000"),
        (1, 18, "0.000000000000000001"),
        (10, 18, "0.00000000000000001"),
    ] {
        assert_eq!(Fixed::new(units, scale).to_string(), text);
    }
    let largest = Fixed::new(i128::MAX, 8).to_string();
    assert_eq!(largest, "1701411834604692317316873037158.84105727");
    let smallest = Fixed::new(i128::MIN, 0).to_string();
    assert_eq!(
        smallest,
        "-170141183460469231731687303715884105728.00000000"
    );
}

#[test]
fn what_is_printed_reads_back_as_the_same_number() {
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    for _ in 0..20_000 {
        let scale = random.random_range(0..=8_u8);
        let units = random.random::<u64>() >> random.random_range(1..64);
        let text = Fixed::new(i128::from(units), scale).to_string();
        let read = Decimal::parse("price", &text).expect("printed numbers are legal");
        assert_eq!(
            read.at_scale(scale),
            Ok(u128::from(units)),
            "{text} at scale {scale}"
        );
        let coarser = scale.saturating_sub(1);
        let fits = scale == 0 || units % 10 == 0;
        assert_eq!(
            read.at_scale(coarser).is_ok(),
            fits,
            "{text} at scale {coarser}"
        );
    }
}

#[test]
fn nothing_is_rounded_to_fit() {
    let read = |text: &str| Decimal::parse("price", text).expect("legal");
    assert!(read("0.009").price(2).is_err());
    assert!(read("92233720368547758.07").price(2).is_ok());
    assert!(read("92233720368547758.08").price(2).is_err());
    assert!(read("99999999999999999999.99999999").amount(18).is_ok());
    assert_eq!(read("007.50").price(2).map(|price| price.0), Ok(750));
}
